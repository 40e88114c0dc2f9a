import { memberPath } from "./infra-config.ts";
import type { InfraDraft } from "./infra-draft.ts";
import { dependenciesOf, findCycles } from "./graph.ts";
import { printable } from "./printable.ts";
import type { ProblemList } from "./problem-list.ts";

/** Far above any honest graph of up to a thousand workspaces. */
const MAX_DEPENDENCIES = 20_000;

/** Checks what needs all workspaces at once: unknown dependencies, cycles, sources of input mappings. Pure. */
export function checkGraph(draft: InfraDraft, list: ProblemList): void {
  const names = draft.workspaces.map(({ name }) => name);
  const known = new Set(names);
  const edges = draft.workspaces.reduce((sum, { dependsOn }) => sum + dependsOn.length, 0);
  if (edges > MAX_DEPENDENCIES) return list.add(`more than ${MAX_DEPENDENCIES} dependencies in all`, "workspaces");
  for (const cycle of findCycles(draft.workspaces)) {
    const first = cycle[0]!;
    const itself = cycle.length === 2 ? ` (workspace ${first} cannot depend on itself)` : "";
    const { path } = draft.workspaces.find(({ name }) => name === first)!;
    list.add(`dependency cycle detected at workspace ${first}: ${cycle.join(" → ")}${itself}`, memberPath(path, "dependsOn"));
  }
  for (const workspace of draft.workspaces) {
    workspace.dependsOn.forEach((dependency, index) => {
      if (known.has(dependency)) return;
      list.add(
        `workspace ${workspace.name} depends on unknown workspace ${printable(dependency)}`,
        memberPath(memberPath(workspace.path, "dependsOn"), index),
        {
          nearest: { written: dependency, accepted: names },
        },
      );
    });
    if (workspace.inputs.length === 0) continue;
    const reachable = dependenciesOf(draft, [workspace.name]);
    workspace.inputs.forEach(({ sourceWorkspace: source }, index) => {
      const where = memberPath(memberPath(memberPath(workspace.path, "inputs"), index), "sourceWorkspace");
      if (!known.has(source))
        list.add(`workspace ${workspace.name} input mapping source ${printable(source)} not found`, where, {
          nearest: { written: source, accepted: names },
        });
      else if (!reachable.has(source))
        list.add(`workspace ${workspace.name} must depend (directly or transitively) on ${source} to use its outputs in mapping`, where);
    });
  }
}
