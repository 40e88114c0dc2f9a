import { parseInfraText } from "../infra/infra-text.ts";
import { problemLine } from "../infra/problem-list.ts";
import { OpsError } from "@platform-ops/errors";
import { namesFor, resolveLocal, uniqueName, writeInfraYaml, type FoundWorkspace, type Imported } from "./infra-yaml.ts";

type Mapping = Record<string, unknown>;

/** Keys of a project that become part of infra.yaml, or need no word. */
const CARRIED = ["name", "dir", "workspace", "depends_on", "execution_order_group", "terraform_distribution"];

/**
 * An infra.yaml for an `atlantis.yaml` (version 2 or 3, key `projects`). `depends_on` becomes `dependsOn`; where
 * projects have only an `execution_order_group`, each depends on the whole group before its own. Projects of another
 * terraform workspace than `default` are left out: infra.yaml selects none, and planning them in the default one would be wrong.
 * Throws `invalid_config` where the text is no such file.
 */
export function importAtlantis(text: string, workspaceRoot?: string): Imported {
  const { parsed, problems } = parseInfraText(text, "yaml");
  if (problems.length > 0) throw new OpsError("invalid_config", `atlantis.yaml cannot be read: ${problems.map(problemLine).join("; ")}`);
  const projects = isMapping(parsed.value) ? parsed.value["projects"] : undefined;
  if (!Array.isArray(projects) || !projects.every(isMapping))
    throw new OpsError("invalid_config", "atlantis.yaml has no list of projects.", {
      hint: "Without projects Atlantis finds folders by itself; write infra.yaml from the folders instead.",
    });
  const notes: string[] = [];
  const kept = projects.filter((project) => isDefault(project, notes));
  const generated = namesFor([...new Set(kept.map(dirOf))]);
  const taken = new Set<string>();
  const names = kept.map((project) => uniqueName(textOf(project["name"]) ?? generated.get(dirOf(project))!, taken));
  const byProject = new Map(kept.map((project, index) => [textOf(project["name"]) ?? names[index]!, names[index]!]));
  const found = kept.map((project, index): FoundWorkspace => {
    noteUncarried(project, names[index]!, notes);
    return {
      name: names[index]!,
      kind: project["terraform_distribution"] === "opentofu" ? "tofu" : undefined,
      dir: dirOf(project),
      dependsOn: dependenciesOf(project, index, kept, names, byProject, notes),
      inputs: [],
    };
  });
  if (isMapping(parsed.value) && parsed.value["workflows"] !== undefined)
    notes.push("Custom workflows are not carried over: init, validate, plan and apply are run as they are.");
  return writeInfraYaml(found, notes, "an Atlantis configuration", workspaceRoot);
}

function isDefault(project: Mapping, notes: string[]): boolean {
  const workspace = textOf(project["workspace"]) ?? "default";
  if (workspace !== "default")
    notes.push(`Left out: project ${textOf(project["name"]) ?? dirOf(project)}, because it is for the terraform workspace "${workspace}".`);
  return workspace === "default";
}

function dirOf(project: Mapping): string {
  return resolveLocal(".", textOf(project["dir"]) ?? ".") ?? ".";
}

function dependenciesOf(
  project: Mapping,
  index: number,
  all: readonly Mapping[],
  names: readonly string[],
  byProject: ReadonlyMap<string, string>,
  notes: string[],
): string[] {
  const written = project["depends_on"];
  if (Array.isArray(written)) {
    return written.flatMap((dependency) => {
      const name = byProject.get(String(dependency));
      if (name === undefined)
        notes.push(`${names[index]}: depends_on ${JSON.stringify(dependency)} names no project that was carried over.`);
      return name === undefined ? [] : [name];
    });
  }
  const group = groupOf(project);
  const before = all.map(groupOf).filter((other) => other < group);
  if (before.length === 0) return [];
  const nearest = Math.max(...before);
  return names.filter((_name, other) => groupOf(all[other]!) === nearest);
}

function groupOf(project: Mapping): number {
  const group = project["execution_order_group"];
  return typeof group === "number" ? group : 0;
}

function noteUncarried(project: Mapping, name: string, notes: string[]): void {
  const uncarried = Object.keys(project).filter((key) => !CARRIED.includes(key));
  if (uncarried.length > 0) notes.push(`${name}: not carried over: ${uncarried.join(", ")}.`);
  if (uncarried.some((key) => key.endsWith("_requirements")))
    notes.push(`${name}: who may approve is the operator's policy (approvals, environments), not part of infra.yaml.`);
}

function textOf(value: unknown): string | undefined {
  return typeof value === "string" && value.trim() !== "" ? value : undefined;
}

function isMapping(value: unknown): value is Mapping {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
