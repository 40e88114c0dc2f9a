import { statSync } from "node:fs";
import { dirname } from "node:path";
import { defaultCacheDirectory, defaultConfigFile, defaultDataDirectory } from "../places.ts";
import { SYSTEM_POLICY_FILE } from "./system-policy.ts";
import { fileProblems, readablePart, togetherProblems } from "./file-problems.ts";
import { type Definition, type PLACES, definitions } from "./definitions.ts";
import { type Variables, readVariables } from "./environment-variables.ts";
import { type Flags, readFlags } from "./flags.ts";
import { type Layer, type Meet, meetFolders, meetGlobs, meetNames, narrowed } from "./narrowing.ts";
import { httpFrom } from "./http-from-file.ts";
import { metaWorkflowsFrom } from "./meta-workflows-from-file.ts";
import { absolutePath } from "./paths.ts";
import { ownershipProblem, policyFrom } from "./policy-from-file.ts";
import { type SettingProblem, settingsInvalid, shown } from "./problems.ts";
import { clusterNames, remoteFrom } from "./remote-from-file.ts";
import type { ClustersInFile } from "./remote-schema.ts";
import type { RemoteSettings } from "./remote.ts";
import { type ConfigFile, type PolicyFile, configSchema, policySchema } from "./schema.ts";
import type { Effective, Settings, SettingsSources } from "./settings.ts";
import { faultsOf } from "./shape/faults.ts";
import { booleanOf, isFolder, put, real, valueAt } from "./setting-values.ts";
import { type YamlFile, readYamlFile } from "./yaml-file.ts";

/** Where the system's own policy is looked for, and who must own it. */
const SYSTEM_POLICY = { path: SYSTEM_POLICY_FILE, owner: 0 };

/** Settings whose text is a path. */
const PATHS = new Set([
  "temporal.binary",
  "temporal.config_file",
  "temporal.tls.server_ca_cert_path",
  "temporal.tls.client_cert_path",
  "temporal.tls.client_key_path",
  "terraform.terraform_path",
  "terraform.tofu_path",
  "remote.tsh_path",
  "remote.kubectl_path",
  "remote.teleport_home",
  "remote.teleport_identity_file",
  "remote.agent",
  "meta_workflows.definitions_path",
  "meta_workflows.registry_path",
  "meta_workflows.bindings",
]);

/** How the entries of each allow-list meet. */
const MEETS: Record<string, Meet> = {
  "terraform.roots": meetFolders,
  "terraform.env": meetGlobs,
  "remote.clusters": meetNames,
  toolsets: meetNames,
};

/**
 * Reads flags, environment and files. Ordinary settings: flag > environment > file > default. Policy: from the system's
 * file where there is one, else from the operator's; flags and environment only narrow it, and define allow-lists only
 * where no file speaks.
 * @throws OpsError `settings_invalid` with all problems at once.
 */
export function readSettings(sources: SettingsSources): Effective {
  const effective = surveySettings(sources);
  if (effective.problems.length > 0) throw settingsInvalid(effective.problems);
  return effective;
}

/**
 * The same, but what is wrong is told in `problems`, and where it stood there is what would be without it. For what helps a
 * person to set them right, and acts by no policy.
 */
export function surveySettings(sources: SettingsSources): Effective {
  const reading = new Reading(sources);
  const places = reading.places();
  const system = reading.systemPolicy();
  const config = reading.config(places.configFile, places.isNamed);
  const ordinary = reading.ordinary(config);
  const policy = reading.policy(system, config);
  return reading.effective(places, config, system, ordinary, policy);
}

interface FileOf<T> {
  readonly file: YamlFile;
  readonly content: T;
}

interface Places {
  readonly home: string;
  readonly configFile: string | undefined;
  readonly isNamed: boolean;
  readonly cache: string;
}

/** One reading of all sources; collects problems, notes and where each part came from. */
class Reading {
  readonly problems: SettingProblem[];
  readonly notes: string[] = [];
  readonly origin: Record<string, string> = {};
  readonly #sources: SettingsSources;
  readonly #flags: Flags;
  readonly #variables: Variables;

  constructor(sources: SettingsSources) {
    this.#sources = sources;
    this.#flags = readFlags(sources.argv);
    const { values, problems } = readVariables(sources.env);
    this.#variables = values;
    this.problems = [...this.#flags.problems, ...problems];
  }

  places(): Places {
    const env = { ...this.#sources.env, HOME: this.#sources.home };
    const place = (name: keyof typeof PLACES, fallback: () => string): string => {
      const given = this.#given(name);
      this.origin[name] = given?.origin ?? "default";
      return given === undefined ? fallback() : absolutePath(given.texts.at(-1)!, this.#sources.cwd, this.#sources.home);
    };
    return {
      home: place("home", () => defaultDataDirectory(this.#sources.platform, env)),
      configFile: place("configFile", () => defaultConfigFile(this.#sources.platform, env)),
      isNamed: this.#given("configFile") !== undefined,
      cache: place("cache", () => defaultCacheDirectory(this.#sources.platform, env)),
    };
  }

  systemPolicy(): FileOf<PolicyFile> | undefined {
    const { path, owner } = this.#sources.systemPolicy ?? SYSTEM_POLICY;
    const file = this.#yaml(path);
    if (file === undefined) return undefined;
    // Somebody meant it to bind us; that it could be changed by others is a fault to name, not a reason to ignore it.
    const problem = ownershipProblem(path, file.stat, owner) ?? ownershipProblem(dirname(path), statSync(dirname(path)), owner);
    if (problem !== undefined) this.problems.push({ setting: "policy", from: `file ${path}`, message: problem });
    return this.#parsed(file, policySchema, path);
  }

  config(path: string | undefined, isNamed: boolean): FileOf<ConfigFile> | undefined {
    if (path === undefined) return undefined;
    const file = this.#yaml(path);
    if (file === undefined) {
      if (isNamed && !this.problems.some(({ from }) => from.startsWith(`file ${path}`))) {
        this.problems.push({
          setting: "configFile",
          from: this.origin["configFile"] ?? "default",
          message: `There is no file ${path}.`,
          example: "PLATFORM_OPS_CONFIG=~/.config/platform-ops/config.yaml",
        });
      }
      return undefined;
    }
    const problem = ownershipProblem(path, file.stat, undefined);
    if (problem !== undefined) this.problems.push({ setting: "configFile", from: `file ${path}`, message: problem });
    return this.#parsed(file, configSchema, path);
  }

  /** Everything but policy, as a tree like the file's. */
  ordinary(config: FileOf<ConfigFile> | undefined): Record<string, unknown> {
    const tree: Record<string, unknown> = {};
    for (const definition of definitions()) {
      if (definition.facts.policy) continue;
      const found = this.#ordinaryValue(definition, config);
      this.origin[definition.name] = found.origin;
      if (found.value !== undefined) put(tree, definition.path, found.value);
    }
    return tree;
  }

  /** The policy, narrowed; and the allow-lists in force. */
  policy(system: FileOf<PolicyFile> | undefined, config: FileOf<ConfigFile> | undefined) {
    const speaks = system ?? config;
    const owner = system === undefined ? undefined : (this.#sources.systemPolicy ?? SYSTEM_POLICY).owner;
    const { policy, problems } = policyFrom(
      speaks === undefined ? undefined : { file: speaks.file, content: speaks.content, owner },
      this.#sources.home,
    );
    this.problems.push(...problems);
    for (const part of ["environments", "approvals"] as const) {
      this.origin[part] = speaks?.content[part] === undefined ? "default" : `file ${speaks.file.path}`;
      if (system !== undefined && config?.content[part] !== undefined)
        this.notes.push(`${part} in ${config.file.path} is not used: ${system.file.path} speaks.`);
    }
    const files = [system, config].filter((file) => file !== undefined);
    return {
      ...policy,
      roots: this.#allowList("terraform.roots", files),
      env: this.#allowList("terraform.env", files),
      clusters: this.#allowList("remote.clusters", files),
      toolsets: this.#allowList("toolsets", files),
      read_only: this.#readOnly(files),
    };
  }

  effective(
    places: Places,
    config: FileOf<ConfigFile> | undefined,
    system: FileOf<PolicyFile> | undefined,
    ordinary: Record<string, unknown>,
    policy: ReturnType<Reading["policy"]>,
  ): Effective {
    const tree = ordinary as unknown as Settings;
    const hours = (ordinary["terraform"] as { approval_hours?: number } | undefined)?.approval_hours;
    if (hours !== undefined && hours > policy.approvals.hours) {
      this.problems.push({
        setting: "terraform.approval_hours",
        from: this.origin["terraform.approval_hours"] ?? "default",
        message: `It is ${hours}; approvals.hours allows at most ${policy.approvals.hours}.`,
        example: String(policy.approvals.hours),
      });
    }
    const settings: Settings = {
      ...tree,
      home: places.home,
      configFile: config === undefined ? undefined : places.configFile,
      cache: places.cache,
      temporal: { ...tree.temporal },
      terraform: {
        ...tree.terraform,
        roots: policy.roots?.values ?? [],
        env: policy.env?.values ?? [],
        approval_hours: hours ?? policy.approvals.hours,
      },
      remote: this.#remote(tree, config, system, policy),
      meta_workflows: metaWorkflowsFrom(
        tree.meta_workflows,
        [system, config].filter((file) => file !== undefined),
        this.#sources.home,
      ),
      http: httpFrom(
        tree.http,
        [system, config].filter((file) => file !== undefined),
        this.#sources.home,
      ),
      ...(policy.toolsets === undefined ? {} : { toolsets: policy.toolsets.values }),
      read_only: policy.read_only,
    };
    if (settings.temporal.address === "local") delete settings.temporal.address;
    else if (settings.temporal.address !== undefined && !/:\d+$/.test(settings.temporal.address)) settings.temporal.address += ":7233";
    this.problems.push(...togetherProblems(settings, this.origin));
    return {
      settings,
      policy: {
        environments: policy.environments,
        approvals: policy.approvals,
        roots: policy.roots?.byFile === true ? policy.roots.values : undefined,
        read_only: policy.read_only,
        toolsets: policy.toolsets?.values,
      },
      origin: this.origin,
      rest: this.#flags.rest,
      files: { config: config?.file.path, policy: system?.file.path },
      notes: this.notes,
      problems: this.problems,
    };
  }

  /** Section `remote`: the clusters that are allowed, each as the strongest file says, and what environments say of them. */
  #remote(
    tree: Settings,
    config: FileOf<ConfigFile> | undefined,
    system: FileOf<PolicyFile> | undefined,
    policy: ReturnType<Reading["policy"]>,
  ): RemoteSettings {
    const files = [system, config].filter((file) => file !== undefined);
    const read = remoteFrom(tree.remote, files, policy.clusters?.values ?? [], this.#sources.home);
    this.problems.push(...read.problems);
    this.notes.push(...read.notes);
    return { ...read.remote, remedies: (config?.content.remote?.remedies as RemoteSettings["remedies"] | undefined) ?? {} };
  }

  #yaml(path: string): YamlFile | undefined {
    const file = readYamlFile(path);
    if (!Array.isArray(file)) return file;
    this.problems.push(...file);
    return undefined;
  }

  #parsed<T>(file: YamlFile, schema: typeof configSchema | typeof policySchema, path: string): FileOf<T> | undefined {
    // An empty file is a file that says nothing.
    const value = file.value ?? {};
    const faults = faultsOf(schema, value);
    if (faults.length === 0) return { file, content: value as T };
    this.problems.push(...fileProblems(faults, file, schema === policySchema ? `${path} holds policy only.` : ""));
    return { file, content: readablePart(schema, file.value) as T };
  }

  #given(name: string): { texts: readonly string[]; origin: string; by: "flag" | "env" } | undefined {
    const flag = this.#flags.values.get(name);
    if (flag !== undefined) return { texts: flag.given, origin: `flag ${flag.flag}`, by: "flag" };
    const variable = this.#variables.get(name);
    return variable === undefined ? undefined : { texts: [variable.text], origin: `env ${variable.variable}`, by: "env" };
  }

  #ordinaryValue(definition: Definition, config: FileOf<ConfigFile> | undefined): { value: unknown; origin: string } {
    const given = this.#given(definition.name);
    if (given !== undefined) {
      const value = this.#coerced(definition, given);
      if (value === undefined) return { value: definition.facts.default, origin: "default" };
      return {
        value: PATHS.has(definition.name) ? this.#placed(value, this.#sources.cwd) : value,
        origin: given.origin,
      };
    }
    const inFile = valueAt(config?.content, definition.path);
    if (config !== undefined && inFile !== undefined) {
      const value = PATHS.has(definition.name) ? this.#placed(inFile, dirname(config.file.path)) : inFile;
      return { value, origin: `file ${config.file.path}` };
    }
    return { value: definition.facts.default, origin: "default" };
  }

  /** A path, or each of several, from the folder in which it was said. */
  #placed(value: unknown, from: string): unknown {
    if (Array.isArray(value)) return value.map((each) => this.#placed(each, from));
    return typeof value === "string" ? absolutePath(value, from, this.#sources.home) : value;
  }

  /** The text of a flag or variable as the setting's type; what does not fit is a problem. */
  #coerced(definition: Definition, given: { texts: readonly string[]; origin: string }): unknown {
    const text = given.texts.at(-1)!;
    const separator = definition.facts.separator ?? ",";
    const read = {
      text: () => new Map(Object.entries(definition.facts.words ?? {})).get(text.toLowerCase()) ?? text,
      number: () => (Number.isNaN(Number(text)) ? text : Number(text)),
      boolean: () => booleanOf(text),
      list: () =>
        given.texts
          .flatMap((each) => each.split(separator))
          .map((each) => each.trim())
          .filter((each) => each !== ""),
    };
    const said = read[definition.kind]();
    const faults = faultsOf(definition.shape, said);
    if (faults.length === 0) return said;
    const value = definition.facts.secret ? "The value" : shown(text);
    this.problems.push({
      setting: definition.name,
      from: given.origin,
      message: `${value} is refused: ${[...new Set(faults.map(({ message }) => message))].join("; ")}.`,
      example: definition.facts.example,
    });
    return undefined;
  }

  #allowList(name: string, files: readonly FileOf<PolicyFile>[]): { values: string[]; byFile: boolean } | undefined {
    const definition = definitions().find((each) => each.name === name)!;
    const isFolder = name === "terraform.roots";
    const layers: Layer[] = [];
    for (const { file, content } of files) {
      const said = valueAt(content, definition.path);
      const values = name === "remote.clusters" ? clusterNames(said as ClustersInFile | undefined) : (said as string[] | undefined);
      if (values !== undefined)
        layers.push({
          origin: `file ${file.path}`,
          values: isFolder ? values.map((each) => real(absolutePath(each, dirname(file.path), this.#sources.home))) : values,
          isFile: true,
        });
    }
    const byFile = layers.length > 0;
    const given = this.#given(name);
    if (given !== undefined) {
      const values = (this.#coerced(definition, given) as string[] | undefined) ?? [];
      layers.push({ origin: given.origin, values: isFolder ? this.#folders(name, given.origin, values) : values, isFile: false });
    }
    const result = narrowed(name, layers, MEETS[name]!);
    this.origin[name] = result?.origin ?? "default";
    if (result === undefined)
      return definition.facts.default === undefined ? undefined : { values: [...(definition.facts.default as string[])], byFile };
    this.problems.push(...result.problems);
    this.notes.push(...result.notes);
    return { values: result.values, byFile };
  }

  #folders(setting: string, from: string, values: readonly string[]): string[] {
    return values.map((value) => {
      const path = absolutePath(value, this.#sources.cwd, this.#sources.home);
      if (!isFolder(path))
        this.problems.push({ setting, from, message: `There is no folder ${shown(path)}.`, example: "--root ~/infrastructure" });
      return real(path);
    });
  }

  #readOnly(files: readonly FileOf<PolicyFile>[]): boolean {
    const definition = definitions().find((each) => each.name === "read_only")!;
    const speaking =
      files.find(({ content }) => content.read_only === true) ?? files.find(({ content }) => content.read_only !== undefined);
    const byFile = speaking?.content.read_only ?? false;
    const given = this.#given("read_only");
    const wanted = given === undefined ? undefined : this.#coerced(definition, given);
    this.origin["read_only"] = speaking === undefined ? "default" : `file ${speaking.file.path}`;
    if (given === undefined || wanted === undefined) return byFile;
    if (byFile && wanted === false) {
      this.problems.push({
        setting: "read_only",
        from: given.origin,
        message: `${this.origin["read_only"]} says true; flags and environment can only narrow it.`,
      });
    }
    if (!byFile) this.origin["read_only"] = given.origin;
    return byFile || wanted === true;
  }
}
