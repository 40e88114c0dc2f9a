import { dirname, isAbsolute, resolve } from "node:path";
import { OpsError } from "@platform-ops/errors";
import { checkDraft } from "./check-draft.ts";
import { checkGraph } from "./check-graph.ts";
import { findConfigFile, readConfigFile, type ConfigFile } from "./config-file.ts";
import { configFailure } from "./config-failure.ts";
import { closure, dependentsOf, topologicalOrder } from "./graph.ts";
import type { InfraConfig, Workspace } from "./infra-config.ts";
import type { InfraDraft, WorkspaceDraft } from "./infra-draft.ts";
import { definingFile } from "./definition-search.ts";
import { nearestName } from "./nearest-name.ts";
import { printable } from "./printable.ts";
import { allow, entryAt, realRoots, requireRoots, searchBases, type ClientEntry } from "./paths.ts";
import { ProblemList } from "./problem-list.ts";
import { resolveWorkspace, type Bases } from "./resolve-paths.ts";

export interface LoadOptions {
  config_path?: string | undefined;
  config?: unknown;
  roots: readonly string[];
  cwd: string;
  /** Names of workspaces; the others keep their last outputs. */
  only?: readonly string[] | undefined;
  /** How the server was started; printed where no root is known. */
  entry?: ClientEntry;
}

export interface LoadedInfra {
  config: InfraConfig;
  /** Names of the workspaces that are to run, each after all it depends on. */
  selected: string[];
  /** Names of the workspaces that depend on a selected one, directly or through others, and are not selected. */
  dependents: string[];
  /** What a person should know: where a definition came from, what was ignored. */
  notes: string[];
  /** As the caller or the file wrote them. */
  written: { config_path?: string; workspace_root: string };
}

/** A draft with the start of its relative paths, before the disk is looked at. */
interface Source {
  workspaces: { draft: WorkspaceDraft; bases: Bases }[];
  list: ProblemList;
  root: string;
  written: LoadedInfra["written"];
  file?: ConfigFile;
  /** Names that an inline configuration asks for. */
  asked?: string[];
  notes: string[];
}

/**
 * Loads a configuration from a file, from inline data, or from inline data that selects from a file, and checks all
 * of it; every problem is in the one failure.
 *
 * `config_path` alone: the file. `config` alone: inline; workspaces without `dir` take what they don't say from the
 * one infra.yaml under the roots that defines them all (several: refused, naming them). Both: `config_path` wins — inline
 * workspaces without `dir` select from that file and may override keys for this run; where every inline workspace has a
 * `dir`, the inline configuration is ignored, and a note says so.
 *
 * `workspace_root` empty, `.` or relative starts at the working directory where that lies inside the root in which the
 * file was found, else at that root (a server has no working directory that its caller can see). Inline: at the working
 * directory where it is inside a root, else at the only root that has the directories.
 *
 * Throws `invalid_config` (details.problems), `config_not_found`, `path_not_allowed`, `too_large`, `invalid_input`.
 */
export async function loadInfra(options: LoadOptions): Promise<LoadedInfra> {
  requireRoots(options.roots, options.entry);
  const roots = realRoots(options.roots);
  if (roots.length === 0) {
    throw new OpsError("path_not_allowed", `None of the allowed roots is a directory: ${options.roots.map(printable).join(", ")}`, {
      hint: "Correct --root or terraform.roots.",
    });
  }
  const source = await readSource(options, roots);
  const { workspaces, list, notes } = source;
  const draft: InfraDraft = { workspace_root: source.root, workspaces: workspaces.map((item) => item.draft) };
  checkGraph(draft, list);
  const selected = select(draft, source.asked, options.only);
  // What is neither run nor read from need not be on this disk.
  const needed = closure(draft, selected);
  const resolved = workspaces
    .filter(({ draft: { name } }) => needed.has(name))
    .map((item) => resolveWorkspace(item.draft, item.bases, roots, list));
  if (list.problems.length > 0) throw configFailure(list.problems, options.config !== undefined && source.file === undefined);
  const sound = resolved.filter((workspace): workspace is Workspace => workspace !== undefined);
  const config: InfraConfig = {
    workspace_root: source.root,
    workspaces: sound,
    ...(source.file === undefined ? {} : { config_path: source.file.path }),
  };
  const chosen = new Set(selected);
  return {
    config,
    selected: topologicalOrder(sound)
      .map(({ name }) => name)
      .filter((name) => chosen.has(name)),
    dependents: [...dependentsOf(draft, selected)].filter((name) => !chosen.has(name)),
    notes: [...notes, ...remarks(sound)],
    written: source.written,
  };
}

async function readSource(options: LoadOptions, roots: readonly string[]): Promise<Source> {
  const { config_path, config, cwd } = options;
  if (config === undefined && (config_path === undefined || config_path === ""))
    throw new OpsError("invalid_input", "Provide config_path or config", { hint: 'For example config_path "infra.yaml".' });
  if (config === undefined) return readFileSource(findConfigFile(config_path!, roots, cwd), roots, cwd, config_path!);
  const list = new ProblemList();
  const inline = checkDraft(config, list, { dirOptional: true });
  if (list.problems.length > 0) throw configFailure(list.problems, true);
  const undefinedNames = inline.workspaces.filter(({ dir }) => dir === undefined).map(({ name }) => name);
  if (config_path !== undefined && config_path !== "") {
    const file = readFileSource(findConfigFile(config_path, roots, cwd), roots, cwd, config_path);
    if (undefinedNames.length > 0) return merge(file, inline, inlineBases(inline, roots, cwd, list));
    return { ...file, notes: [...file.notes, "config was ignored, because config_path was given too and wins."] };
  }
  if (undefinedNames.length === 0) {
    const bases = inlineBases(inline, roots, cwd, list);
    return {
      workspaces: inline.workspaces.map((draft) => ({ draft, bases })),
      list,
      root: bases.root,
      written: { workspace_root: inline.workspace_root || "." },
      notes: [],
    };
  }
  const file = await definingFile(undefinedNames, roots);
  return merge(readFileSource(file, roots, cwd, undefined), inline, inlineBases(inline, roots, cwd, list));
}

function readFileSource(file: ConfigFile, roots: readonly string[], cwd: string, written: string | undefined): Source {
  const parsed = readConfigFile(file);
  const list = new ProblemList(parsed.positionOf);
  const draft = checkDraft(parsed.value, list);
  const [here] = searchBases([file.root], cwd);
  const root = workspaceRoot(draft.workspace_root, here!, roots, list);
  const bases: Bases = { root, fileFolder: dirname(file.path) };
  return {
    workspaces: draft.workspaces.map((workspace) => ({ draft: workspace, bases })),
    list,
    root,
    written: { ...(written === undefined ? {} : { config_path: written }), workspace_root: draft.workspace_root || "." },
    file,
    notes: [],
  };
}

/** The real workspace_root; a problem and the start itself where it is refused or not there. */
function workspaceRoot(written: string, start: string, roots: readonly string[], list: ProblemList): string {
  const allowed = allow(written || ".", start, roots);
  if ("refused" in allowed) {
    list.add(`workspace_root ${allowed.refused}`, "workspace_root", { topic: "path" });
    return start;
  }
  const entry = entryAt(allowed.path);
  if (entry?.isDirectory() !== true)
    list.add(`workspace_root ${printable(written)} is not there or no directory (looked for ${printable(allowed.path)})`, "workspace_root");
  return allowed.path;
}

/** Where the relative paths of an inline configuration start. */
function inlineBases(inline: InfraDraft, roots: readonly string[], cwd: string, list: ProblemList): Bases {
  const written = inline.workspace_root;
  const starts = searchBases(roots, cwd);
  const dirs = inline.workspaces.flatMap(({ dir }) => (dir === undefined ? [] : [dir]));
  const isRelative = !isAbsolute(written) && dirs.some((dir) => !isAbsolute(dir));
  if (isAbsolute(written) || !isRelative || starts.length === 1 || !roots.includes(starts[0]!))
    return { root: workspaceRoot(written, starts[0]!, roots, list) };
  const fitting: string[] = [];
  for (const start of starts) {
    if (dirs.every((dir) => entryAt(resolve(start, written, dir))?.isDirectory() === true)) fitting.push(start);
  }
  if (fitting.length > 1) {
    list.add(
      `workspace_root ${printable(written || ".")} is relative, and its directories are found in several roots: ${fitting.join(", ")}; give an absolute workspace_root`,
      "workspace_root",
    );
  }
  return { root: workspaceRoot(written, fitting[0] ?? starts[0]!, roots, list) };
}

/** Inline workspaces laid over a file: what they say holds for this run, the rest is the file's; only they are asked for. */
function merge(file: Source, inline: InfraDraft, bases: Bases): Source {
  const names = file.workspaces.map(({ draft }) => draft.name);
  const workspaces = [...file.workspaces];
  const taken: string[] = [];
  for (const asked of inline.workspaces) {
    const own: WorkspaceDraft = { ...asked, path: `config.${asked.path}` };
    const index = names.indexOf(asked.name);
    const base = workspaces[index];
    if (base !== undefined) {
      const said = Object.fromEntries(Object.entries(own).filter(([key]) => own.given.has(key)));
      // A problem of what is said here must point here, not at the file.
      const path = ["dir", "tfvars", "dependsOn", "inputs"].some((key) => own.given.has(key)) ? own.path : base.draft.path;
      workspaces[index] = { draft: { ...base.draft, ...said, given: own.given, path }, bases: own.dir === undefined ? base.bases : bases };
      taken.push(asked.name);
    } else {
      if (own.dir === undefined)
        file.list.add(`workspace ${own.name} missing dir, and ${printable(file.file!.path)} does not define it`, own.path, {
          suggestion: nearestName(own.name, names),
        });
      workspaces.push({ draft: own, bases });
    }
  }
  const note = taken.length === 0 ? [] : [`What config does not say of ${taken.join(", ")} comes from ${file.file!.path}.`];
  return { ...file, workspaces, asked: inline.workspaces.map(({ name }) => name), notes: [...file.notes, ...note] };
}

/** The names to run, in file order. Throws `invalid_input` for a name that is not defined. */
function select(draft: InfraDraft, asked: readonly string[] | undefined, only: readonly string[] | undefined): string[] {
  const names = draft.workspaces.map(({ name }) => name);
  const candidates = asked ?? names;
  if (only === undefined) return names.filter((name) => candidates.includes(name));
  if (only.length === 0) throw new OpsError("invalid_input", "only is empty: name at least one workspace, or leave it out for all.");
  const unknown = only.filter((name) => !candidates.includes(name));
  if (unknown.length > 0) {
    const suggestions = unknown.map((name) => {
      const near = nearestName(name, candidates);
      return `'${printable(name)}'${near === undefined ? "" : ` (did you mean ${near}?)`}`;
    });
    throw new OpsError("invalid_input", `only names workspaces that the configuration does not have: ${suggestions.join(", ")}`, {
      hint: `Defined: ${candidates.slice(0, 50).join(", ")}${candidates.length > 50 ? ", …" : ""}.`,
    });
  }
  return names.filter((name) => only.includes(name));
}

/** Legal things that often are mistakes. */
function remarks(workspaces: readonly Workspace[]): string[] {
  const byDir = new Map<string, string[]>();
  for (const { name, dir } of workspaces) byDir.set(dir, [...(byDir.get(dir) ?? []), name]);
  const shared = [...byDir]
    .filter(([, names]) => names.length > 1)
    .map(
      ([dir, names]) =>
        `Workspaces ${names.join(", ")} share the directory ${dir}, and with it one state unless its backend tells them apart.`,
    );
  const covered = workspaces.flatMap(({ name, inputs, extraVars }) =>
    inputs
      .filter(({ targetVar }) => extraVars !== undefined && Object.hasOwn(extraVars, targetVar))
      .map(({ targetVar }) => `Workspace ${name}: the input mapping of '${targetVar}' wins over its extraVars.`),
  );
  return [...shared, ...covered];
}
