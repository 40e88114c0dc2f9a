import { dirname } from "node:path";
import { definitions } from "./definitions.ts";
import { type Layer, type Meet, meetFolders, meetGlobs, meetNames, narrowed } from "./narrowing.ts";
import { absolutePath } from "./paths.ts";
import { policyFrom } from "./policy-from-file.ts";
import type { Policy } from "./policy.ts";
import { shown } from "./problems.ts";
import type { Reading } from "./reading.ts";
import { clusterNames } from "./remote-from-file.ts";
import type { ClustersInFile } from "./remote-schema.ts";
import type { ConfigFile, PolicyFile } from "./schema.ts";
import { type FileOf, systemPolicyOf } from "./settings-files.ts";
import { isFolder, real, valueAt } from "./setting-values.ts";

/** How the entries of each allow-list meet. */
const MEETS: Record<string, Meet> = {
  "terraform.roots": meetFolders,
  "terraform.env": meetGlobs,
  "remote.clusters": meetNames,
  toolsets: meetNames,
};

/** An allow-list in force. */
interface AllowList {
  readonly values: string[];
  /** Whether a file speaks of it. */
  readonly byFile: boolean;
}

/** The policy, and the allow-lists that flags and environment may narrow. */
export interface NarrowedPolicy extends Pick<Policy, "environments" | "approvals" | "read_only"> {
  readonly roots: AllowList | undefined;
  readonly env: AllowList | undefined;
  readonly clusters: AllowList | undefined;
  readonly toolsets: AllowList | undefined;
}

/** The policy, narrowed; and the allow-lists in force. */
export function narrowedPolicy(
  reading: Reading,
  system: FileOf<PolicyFile> | undefined,
  config: FileOf<ConfigFile> | undefined,
): NarrowedPolicy {
  const speaks = system ?? config;
  const owner = system === undefined ? undefined : systemPolicyOf(reading.sources).owner;
  const { policy, problems } = policyFrom(
    speaks === undefined ? undefined : { file: speaks.file, content: speaks.content, owner },
    reading.sources.home,
  );
  reading.problems.push(...problems);
  for (const part of ["environments", "approvals"] as const) {
    reading.origin[part] = speaks?.content[part] === undefined ? "default" : `file ${speaks.file.path}`;
    if (system !== undefined && config?.content[part] !== undefined)
      reading.notes.push(`${part} in ${config.file.path} is not used: ${system.file.path} speaks.`);
  }
  const files = [system, config].filter((file) => file !== undefined);
  return {
    ...policy,
    roots: allowList(reading, "terraform.roots", files),
    env: allowList(reading, "terraform.env", files),
    clusters: allowList(reading, "remote.clusters", files),
    toolsets: allowList(reading, "toolsets", files),
    read_only: readOnly(reading, files),
  };
}

function allowList(reading: Reading, name: string, files: readonly FileOf<PolicyFile>[]): AllowList | undefined {
  const definition = definitions().find((each) => each.name === name)!;
  const areFolders = name === "terraform.roots";
  const layers: Layer[] = [];
  for (const { file, content } of files) {
    const said = valueAt(content, definition.path);
    const values = name === "remote.clusters" ? clusterNames(said as ClustersInFile | undefined) : (said as string[] | undefined);
    if (values !== undefined)
      layers.push({
        origin: `file ${file.path}`,
        values: areFolders ? values.map((each) => real(absolutePath(each, dirname(file.path), reading.sources.home))) : values,
        isFile: true,
      });
  }
  const byFile = layers.length > 0;
  const given = reading.given(name);
  if (given !== undefined) {
    const values = (reading.coerced(definition, given) as string[] | undefined) ?? [];
    layers.push({ origin: given.origin, values: areFolders ? folders(reading, name, given.origin, values) : values, isFile: false });
  }
  const result = narrowed(name, layers, MEETS[name]!);
  reading.origin[name] = result?.origin ?? "default";
  if (result === undefined)
    return definition.facts.default === undefined ? undefined : { values: [...(definition.facts.default as string[])], byFile };
  reading.problems.push(...result.problems);
  reading.notes.push(...result.notes);
  return { values: result.values, byFile };
}

function folders(reading: Reading, setting: string, from: string, values: readonly string[]): string[] {
  return values.map((value) => {
    const path = absolutePath(value, reading.sources.cwd, reading.sources.home);
    if (!isFolder(path))
      reading.problems.push({ setting, from, message: `There is no folder ${shown(path)}.`, example: "--root ~/infrastructure" });
    return real(path);
  });
}

function readOnly(reading: Reading, files: readonly FileOf<PolicyFile>[]): boolean {
  const definition = definitions().find((each) => each.name === "read_only")!;
  const speaking = files.find(({ content }) => content.read_only === true) ?? files.find(({ content }) => content.read_only !== undefined);
  const byFile = speaking?.content.read_only ?? false;
  const given = reading.given("read_only");
  const wanted = given === undefined ? undefined : reading.coerced(definition, given);
  reading.origin["read_only"] = speaking === undefined ? "default" : `file ${speaking.file.path}`;
  if (given === undefined || wanted === undefined) return byFile;
  if (byFile && wanted === false) {
    reading.problems.push({
      setting: "read_only",
      from: given.origin,
      message: `${reading.origin["read_only"]} says true; flags and environment can only narrow it.`,
    });
  }
  if (!byFile) reading.origin["read_only"] = given.origin;
  return byFile || wanted === true;
}
