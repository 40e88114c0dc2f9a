import type { RunNode } from "../run-contract.ts";

/**
 * Length of the longest chain below each workspace, by index.
 * @throws RangeError for a cycle or an index that does not exist
 */
export function heights(nodes: readonly RunNode[]): number[] {
  const below: number[][] = nodes.map(() => []);
  const missing = nodes.map((node, i) => {
    for (const need of node.needs) {
      const list = below[need];
      if (list === undefined) throw new RangeError(`workspace ${node.name} needs number ${need}, which does not exist`);
      list.push(i);
    }
    return 0;
  });
  for (const list of below) for (const i of list) missing[i] = (missing[i] ?? 0) + 1;
  const order = missing.flatMap((count, i) => (count === 0 ? [i] : []));
  for (const i of order) {
    for (const next of below[i] ?? []) {
      missing[next] = (missing[next] ?? 0) - 1;
      if (missing[next] === 0) order.push(next);
    }
  }
  if (order.length !== nodes.length) throw new RangeError("the workspaces need each other in a circle");
  const height = nodes.map(() => 0);
  for (const i of order.toReversed()) height[i] = Math.max(0, ...(below[i] ?? []).map((next) => (height[next] ?? 0) + 1));
  return height;
}
