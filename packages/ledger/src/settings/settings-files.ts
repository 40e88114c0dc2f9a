import { statSync } from "node:fs";
import { dirname } from "node:path";
import { defaultCacheDirectory, defaultConfigFile, defaultDataDirectory } from "../places.ts";
import type { PLACES } from "./definitions.ts";
import { fileProblems, readablePart } from "./file-problems.ts";
import { absolutePath } from "./paths.ts";
import { ownershipProblem } from "./policy-from-file.ts";
import type { Reading } from "./reading.ts";
import { type ConfigFile, type PolicyFile, configSchema, policySchema } from "./schema.ts";
import type { SettingsSources } from "./settings.ts";
import { faultsOf } from "./shape/faults.ts";
import { SYSTEM_POLICY_FILE } from "./system-policy.ts";
import { type YamlFile, readYamlFile } from "./yaml-file.ts";

/** A file that was read, as far as it can be. */
export interface FileOf<T> {
  readonly file: YamlFile;
  readonly content: T;
}

/** Where things are. */
export interface Places {
  readonly home: string;
  readonly configFile: string | undefined;
  /** Whether the operator's file was named: then it must be there. */
  readonly isNamed: boolean;
  readonly cache: string;
}

/** Where the system's own policy is looked for, and who must own it. */
export function systemPolicyOf({ systemPolicy }: SettingsSources): { readonly path: string; readonly owner: number } {
  return systemPolicy ?? { path: SYSTEM_POLICY_FILE, owner: 0 };
}

/** The places, by flag, environment or platform. */
export function placesOf(reading: Reading): Places {
  const env = { ...reading.sources.env, HOME: reading.sources.home };
  const place = (name: keyof typeof PLACES, fallback: () => string): string => {
    const given = reading.given(name);
    reading.origin[name] = given?.origin ?? "default";
    return given === undefined ? fallback() : absolutePath(given.texts.at(-1)!, reading.sources.cwd, reading.sources.home);
  };
  return {
    home: place("home", () => defaultDataDirectory(reading.sources.platform, env)),
    configFile: place("configFile", () => defaultConfigFile(reading.sources.platform, env)),
    isNamed: reading.given("configFile") !== undefined,
    cache: place("cache", () => defaultCacheDirectory(reading.sources.platform, env)),
  };
}

/** The system's policy, where there is one. */
export function readSystemPolicy(reading: Reading): FileOf<PolicyFile> | undefined {
  const { path, owner } = systemPolicyOf(reading.sources);
  const file = yamlFile(reading, path);
  if (file === undefined) return undefined;
  // Somebody meant it to bind us; that it could be changed by others is a fault to name, not a reason to ignore it.
  const problem = ownershipProblem(path, file.stat, owner) ?? ownershipProblem(dirname(path), statSync(dirname(path)), owner);
  if (problem !== undefined) reading.problems.push({ setting: "policy", from: `file ${path}`, message: problem });
  return parsed(reading, file, policySchema, path);
}

/** The operator's file, where there is one; a problem where one was named that is not there. */
export function readConfigFile(reading: Reading, { configFile: path, isNamed }: Places): FileOf<ConfigFile> | undefined {
  if (path === undefined) return undefined;
  const file = yamlFile(reading, path);
  if (file === undefined) {
    if (isNamed && !reading.problems.some(({ from }) => from.startsWith(`file ${path}`))) {
      reading.problems.push({
        setting: "configFile",
        from: reading.origin["configFile"] ?? "default",
        message: `There is no file ${path}.`,
        example: "PLATFORM_OPS_CONFIG=~/.config/platform-ops/config.yaml",
      });
    }
    return undefined;
  }
  const problem = ownershipProblem(path, file.stat, undefined);
  if (problem !== undefined) reading.problems.push({ setting: "configFile", from: `file ${path}`, message: problem });
  return parsed(reading, file, configSchema, path);
}

function yamlFile(reading: Reading, path: string): YamlFile | undefined {
  const file = readYamlFile(path);
  if (!Array.isArray(file)) return file;
  reading.problems.push(...file);
  return undefined;
}

function parsed<T>(
  reading: Reading,
  file: YamlFile,
  schema: typeof configSchema | typeof policySchema,
  path: string,
): FileOf<T> | undefined {
  // An empty file is a file that says nothing.
  const value = file.value ?? {};
  const faults = faultsOf(schema, value);
  if (faults.length === 0) return { file, content: value as T };
  reading.problems.push(...fileProblems(faults, file, schema === policySchema ? `${path} holds policy only.` : ""));
  return { file, content: readablePart(schema, file.value) as T };
}
