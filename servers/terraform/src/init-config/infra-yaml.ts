import { stringify } from "yaml";
import { findCycles, topologicalOrder } from "../infra/graph.ts";
import type { InputMapping } from "../infra/infra-config.ts";
import { WORKSPACE_NAME } from "../infra/names.ts";

/** A file of the project that is imported; the path is relative to the project's root, with `/`. */
export interface SourceFile {
  path: string;
  text: string;
}

/** A workspace that an importer found. */
export interface FoundWorkspace {
  name: string;
  kind?: "tofu" | undefined;
  dir: string;
  tfvars?: string | undefined;
  dependsOn: string[];
  inputs: InputMapping[];
  extraVars?: Record<string, unknown>;
}

/** An infra.yaml, and what a person has to know about it: guesses, and what could not be carried over. */
export interface Imported {
  yaml: string;
  notes: string[];
  workspaces: number;
}

/**
 * Found workspaces → text of an infra.yaml, dependencies first, with the notes as comments at its head. `workspaceRoot` is
 * the imported folder relative to the server's root, where it is not that root itself.
 */
export function writeInfraYaml(found: readonly FoundWorkspace[], notes: readonly string[], origin: string, workspaceRoot = ""): Imported {
  const all = [
    ...notes,
    ...findCycles(found).map((cycle) => `The dependencies form a loop, which has to be cut by hand: ${cycle.join(" → ")}.`),
  ];
  const ordered = topologicalOrder(found);
  const workspaces = [...ordered, ...found.filter((workspace) => !ordered.includes(workspace))].map(asWritten);
  const comments = [`Written from ${origin}. Check it, then list it with list_workflows.`, ...all]
    .map((line) => `# ${line.replace(/\p{Cc}+/gu, " ")}\n`)
    .join("");
  return {
    yaml: `${comments}${stringify(workspaceRoot === "" ? { workspaces } : { workspace_root: workspaceRoot, workspaces }, { lineWidth: 0, flowCollectionPadding: true })}`,
    notes: all,
    workspaces: workspaces.length,
  };
}

function asWritten({ name, kind, dir, tfvars, dependsOn, inputs, extraVars }: FoundWorkspace): Record<string, unknown> {
  return {
    name,
    ...(kind === undefined ? {} : { kind }),
    dir,
    ...(tfvars === undefined ? {} : { tfvars }),
    ...(dependsOn.length === 0 ? {} : { dependsOn }),
    ...(inputs.length === 0 ? {} : { inputs }),
    ...(extraVars === undefined || Object.keys(extraVars).length === 0 ? {} : { extraVars }),
  };
}

/** Names for directories: the last part, and as many parts before it as it takes to tell them apart. `dirs` are unique. */
export function namesFor(dirs: readonly string[]): Map<string, string> {
  const partsOf = (dir: string) => (dir === "." || dir === "" ? ["root"] : dir.split("/"));
  const names = new Map<string, string>();
  const taken = new Set<string>();
  for (const dir of dirs) {
    const parts = partsOf(dir);
    let length = 1;
    const isShared = () =>
      dirs.some((other) => other !== dir && partsOf(other).slice(-length).join("/") === parts.slice(-length).join("/"));
    while (length < parts.length && isShared()) length++;
    names.set(dir, uniqueName(parts.slice(-length).join("-"), taken));
  }
  return names;
}

/** A legal workspace name from any text, not yet in `taken`, to which it is added. */
export function uniqueName(text: string, taken: Set<string>): string {
  const legal = text
    .replace(/[^A-Za-z0-9._-]+/g, "-")
    .replace(/^[^A-Za-z0-9]+/, "")
    .slice(0, 58);
  const base = WORKSPACE_NAME.test(legal) ? legal : "workspace";
  let name = base;
  for (let n = 2; taken.has(name); n++) name = `${base}-${n}`;
  taken.add(name);
  return name;
}

/** A relative path resolved against a directory, both inside the project with `/`; undefined where it leaves the project. */
export function resolveLocal(dir: string, path: string): string | undefined {
  if (path.startsWith("/")) return undefined;
  const parts: string[] = [];
  for (const part of `${dir}/${path}`.split("/")) {
    if (part === "" || part === ".") continue;
    if (part !== "..") parts.push(part);
    else if (parts.pop() === undefined) return undefined;
  }
  return parts.join("/") || ".";
}

/** The directory of a file's path, `.` for the root. */
export function folderOf(path: string): string {
  const slash = path.lastIndexOf("/");
  return slash < 0 ? "." : path.slice(0, slash);
}
