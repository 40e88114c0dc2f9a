import { hasCode } from "@platform-ops/errors";
import type { Kubectl } from "../kubernetes/kubectl.ts";
import { DETAIL_PROJECTION, fluxObject, printRef, type FluxObject, type ObjectRef } from "./flux-object.ts";
import { readInventory, type InventoryEntry } from "./inventory.ts";
import { findFluxKind, fluxKind } from "./kinds.ts";
import { findObject, readObject } from "./read-objects.ts";
import { statusOf, type StatusWord } from "./status.ts";

/** An object and what it applied. */
export interface TreeNode extends ObjectRef {
  /** For Flux objects. `missing`: it is in the inventory and not in the cluster. */
  readonly status?: StatusWord | "missing";
  readonly revision?: string;
  readonly children: TreeNode[];
  /** Set where the walk stopped: the depth was reached, or the object stands further up. */
  readonly more?: string;
}

/** A tree with the sources that feed its root. */
export interface FluxTree {
  readonly root: TreeNode;
  readonly sources: readonly TreeNode[];
  readonly count: number;
}

const MOST_OBJECTS = 2_000;

/**
 * What an object applied, level by level: Kustomizations and HelmReleases among it are followed. One kubectl for each level,
 * kind and namespace.
 * @throws OpsError object_not_found, …
 */
export async function readTree(kubectl: Kubectl, ref: ObjectRef, depth: number): Promise<FluxTree> {
  const { object, row } = await readObject(kubectl, ref);
  const root = nodeOf(object);
  const seen = new Set([printRef(ref)]);
  let count = 1;
  let level: { node: TreeNode; row: Record<string, unknown> }[] = [{ node: root, row }];
  for (let at = 0; level.length > 0 && at < depth; at += 1) {
    const followed: TreeNode[] = [];
    for (const { node, row: from } of level) {
      for (const entry of readInventory(from["inventory"])) {
        count += 1;
        if (count > MOST_OBJECTS) continue;
        const child = entryNode(entry, seen);
        node.children.push(child);
        if (isFollowed(entry) && child.more === undefined) followed.push(child);
      }
    }
    level = await readLevel(kubectl, followed);
  }
  for (const { node, row: from } of level) {
    const left = readInventory(from["inventory"]).length;
    if (left > 0) Object.assign(node, { more: `${left} object(s) below` });
  }
  return { root, count, sources: await sourcesOf(kubectl, object) };
}

function nodeOf(object: FluxObject): TreeNode {
  const revision = object.applied_revision ?? object.release?.chart ?? object.artifact?.revision;
  return {
    kind: object.kind,
    namespace: object.namespace,
    name: object.name,
    status: statusOf(object).status,
    ...(revision === undefined ? {} : { revision }),
    children: [],
  };
}

function entryNode(entry: InventoryEntry, seen: Set<string>): TreeNode {
  const { kind, namespace, name } = entry;
  const key = printRef(entry);
  const isAgain = isFollowed(entry) && seen.has(key);
  seen.add(key);
  return { kind, namespace, name, children: [], ...(isAgain ? { more: "see above" } : {}) };
}

const isFollowed = (entry: InventoryEntry): boolean =>
  findFluxKind(entry.kind) !== undefined && fluxKind(entry.kind).resource.endsWith(`.${entry.group}`);

async function readLevel(kubectl: Kubectl, nodes: readonly TreeNode[]): Promise<{ node: TreeNode; row: Record<string, unknown> }[]> {
  const groups = grouped(nodes);
  const read = await Promise.all(
    [...groups.values()].map(async (group) => {
      const [first] = group as [TreeNode];
      const names = group.map(({ name }) => name);
      const rows = await listNamed(kubectl, first, names);
      return group.map((node) => ({ node, row: rows.find((row) => row["name"] === node.name) }));
    }),
  );
  return read.flat().flatMap(({ node, row }) => {
    if (row === undefined) {
      Object.assign(node, { status: "missing" });
      return [];
    }
    Object.assign(node, { ...nodeOf(fluxObject(row)), children: node.children });
    return [{ node, row }];
  });
}

const groupOf = (node: TreeNode): string => `${node.kind}/${node.namespace}`;

function grouped(nodes: readonly TreeNode[]): Map<string, TreeNode[]> {
  const groups = new Map<string, TreeNode[]>();
  for (const node of nodes) groups.set(groupOf(node), [...(groups.get(groupOf(node)) ?? []), node]);
  return groups;
}

async function listNamed(kubectl: Kubectl, { kind, namespace }: TreeNode, names: readonly string[]): Promise<Record<string, unknown>[]> {
  try {
    // Of several names kubectl gives those that exist, and fails for the others.
    return (await kubectl.list([fluxKind(kind).resource], { namespace, names }, DETAIL_PROJECTION)).rows;
  } catch (error) {
    if (hasCode(error, "object_not_found")) return [];
    throw error;
  }
}

async function sourcesOf(kubectl: Kubectl, object: FluxObject): Promise<TreeNode[]> {
  const refs = [object.source, object.kind === "HelmRelease" ? object.chart : undefined].filter((ref) => ref !== undefined);
  return Promise.all(
    refs
      .filter((ref) => findFluxKind(ref.kind) !== undefined)
      .map(async (ref) => {
        const source = await findObject(kubectl, ref);
        return source === undefined ? { ...ref, status: "missing" as const, children: [] } : nodeOf(source);
      }),
  );
}

const MOST_LINES = 120;

/** The tree as indented lines; leaves of one kind and namespace share a line when there are many. */
export function printTree({ root, sources, count }: FluxTree): string[] {
  const lines = [...sources.map((source) => `source ${nodeLine(source)}`), nodeLine(root), ...below(root, "  ")];
  return lines.length <= MOST_LINES
    ? lines
    : [...lines.slice(0, MOST_LINES), `… ${lines.length - MOST_LINES} more line(s), ${count} objects in all`];
}

function below(node: TreeNode, indent: string): string[] {
  const leaves = node.children.filter((child) => child.children.length === 0 && child.status === undefined && child.more === undefined);
  const inner = node.children.filter((child) => !leaves.includes(child));
  const byKind = grouped(leaves);
  return [
    ...[...byKind.values()].map((group) => `${indent}${leafLine(group)}`),
    ...inner.flatMap((child) => [`${indent}${nodeLine(child)}`, ...below(child, `${indent}  `)]),
  ];
}

const SHOWN_NAMES = 6;

function leafLine(group: readonly TreeNode[]): string {
  const [first] = group as [TreeNode];
  const names = group.slice(0, SHOWN_NAMES).map(({ name }) => name);
  const rest = group.length - names.length;
  return `${first.kind}${first.namespace === "" ? "" : ` in ${first.namespace}`}: ${names.join(", ")}${rest > 0 ? ` and ${rest} more` : ""}`;
}

function nodeLine(node: TreeNode): string {
  return [printRef(node), node.status, node.revision, node.more === undefined ? undefined : `(${node.more})`]
    .filter((part) => part !== undefined)
    .join("  ");
}
