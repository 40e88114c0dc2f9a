/** What the graph functions need to know of a workspace. */
export interface Dependent {
  readonly name: string;
  readonly dependsOn: readonly string[];
}

/** Enough loops to show at once. */
const MAX_CYCLES = 20;

function byName<W extends Dependent>(workspaces: readonly W[]): Map<string, W> {
  return new Map(workspaces.map((workspace) => [workspace.name, workspace]));
}

/**
 * Every cycle that a depth-first search in file order meets, one for each loop, as the whole path with its first
 * name repeated at the end (`a`, `b`, `a`). Unknown dependencies are passed over. No recursion: a chain may be long.
 */
export function findCycles(workspaces: readonly Dependent[]): string[][] {
  const nodes = byName(workspaces);
  const state = new Map<string, "open" | "done">();
  const cycles: string[][] = [];
  for (const start of workspaces) {
    if (state.has(start.name)) continue;
    const path: { name: string; next: number }[] = [{ name: start.name, next: 0 }];
    state.set(start.name, "open");
    while (path.length > 0) {
      const top = path.at(-1)!;
      const dependency = nodes.get(top.name)?.dependsOn[top.next++];
      if (dependency === undefined) {
        state.set(top.name, "done");
        path.pop();
      } else if (state.get(dependency) === "open") {
        if (cycles.length >= MAX_CYCLES) return cycles;
        const from = path.findIndex((step) => step.name === dependency);
        cycles.push([...path.slice(from).map((step) => step.name), dependency]);
      } else if (!state.has(dependency) && nodes.has(dependency)) {
        state.set(dependency, "open");
        path.push({ name: dependency, next: 0 });
      }
    }
  }
  return cycles;
}

/**
 * Workspaces in an order in which each comes after all it depends on; among those that are free, file order. The
 * same input always gives the same order. Expects no cycle and no unknown dependency (what is part of one is left out).
 */
export function topologicalOrder<W extends Dependent>(workspaces: readonly W[]): W[] {
  const placed = new Set<string>();
  const order: W[] = [];
  for (let waiting = [...workspaces]; waiting.length > 0;) {
    const rest: W[] = [];
    for (const workspace of waiting) {
      if (!workspace.dependsOn.every((name) => placed.has(name))) rest.push(workspace);
      else {
        order.push(workspace);
        placed.add(workspace.name);
      }
    }
    if (rest.length === waiting.length) break;
    waiting = rest;
  }
  return order;
}

/** The longest path from a root to each workspace, by name: 0 for a workspace that depends on nothing. */
export function depths(config: { readonly workspaces: readonly Dependent[] }): Map<string, number> {
  const result = new Map<string, number>();
  for (const { name, dependsOn } of topologicalOrder(config.workspaces)) {
    result.set(
      name,
      dependsOn.reduce((deepest, dependency) => Math.max(deepest, result.get(dependency)! + 1), 0),
    );
  }
  return result;
}

/** Everything that the named workspaces depend on, directly or through others, without the named ones unless one depends on another. */
export function dependenciesOf(config: { readonly workspaces: readonly Dependent[] }, names: Iterable<string>): Set<string> {
  const nodes = byName(config.workspaces);
  const found = new Set<string>();
  const queue = [...names];
  for (let name = queue.pop(); name !== undefined; name = queue.pop()) {
    for (const dependency of nodes.get(name)?.dependsOn ?? []) {
      if (found.has(dependency) || !nodes.has(dependency)) continue;
      found.add(dependency);
      queue.push(dependency);
    }
  }
  return found;
}

/** The named workspaces and everything that depends on them, directly or through others: what a failure of theirs holds up. */
export function dependentsOf(config: { readonly workspaces: readonly Dependent[] }, names: Iterable<string>): Set<string> {
  const dependents = new Map<string, string[]>();
  for (const { name, dependsOn } of config.workspaces) {
    for (const dependency of dependsOn) dependents.set(dependency, [...(dependents.get(dependency) ?? []), name]);
  }
  const found = new Set<string>();
  const queue = [...names];
  for (let name = queue.pop(); name !== undefined; name = queue.pop()) {
    for (const dependent of dependents.get(name) ?? []) {
      if (found.has(dependent)) continue;
      found.add(dependent);
      queue.push(dependent);
    }
  }
  return found;
}

/** The named workspaces together with all they depend on. */
export function closure(config: { readonly workspaces: readonly Dependent[] }, names: Iterable<string>): Set<string> {
  const wanted = [...names];
  return new Set([...wanted, ...dependenciesOf(config, wanted)]);
}

/**
 * The workspaces of a selection that can start now, in file order: not begun yet, and every dependency that is part
 * of the selection is finished. Dependencies outside the selection are taken as they are (their last outputs are read).
 */
export function readySet(
  config: { readonly workspaces: readonly Dependent[] },
  progress: { selected: ReadonlySet<string>; begun: ReadonlySet<string>; finished: ReadonlySet<string> },
): string[] {
  const { selected, begun, finished } = progress;
  return config.workspaces
    .filter(
      ({ name, dependsOn }) =>
        selected.has(name) && !begun.has(name) && dependsOn.every((dependency) => finished.has(dependency) || !selected.has(dependency)),
    )
    .map(({ name }) => name);
}
