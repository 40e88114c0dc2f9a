import { records, text } from "../kubernetes/fields.ts";

/** An object that a Kustomization or a HelmRelease applied. */
export interface InventoryEntry {
  readonly kind: string;
  readonly group: string;
  readonly namespace: string;
  readonly name: string;
}

/**
 * `<namespace>_<name>_<group>_<kind>` (namespace empty for what is cluster-wide, group empty for the core; `:` in a name is
 * written `__`). Ids of another form are left out.
 */
export function readInventory(entries: unknown): InventoryEntry[] {
  return records(entries).flatMap((entry) => {
    const parts = (text(entry["id"]) ?? "").split("_");
    if (parts.length < 4) return [];
    const kind = parts.at(-1) ?? "";
    const group = parts.at(-2) ?? "";
    const name = parts.slice(1, -2).join("_").replaceAll("__", ":");
    return kind === "" || name === "" ? [] : [{ kind, group, namespace: parts[0] ?? "", name }];
  });
}
