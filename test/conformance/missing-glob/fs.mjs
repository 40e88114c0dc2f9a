export * from "node:fs";

/** Not there before Node 22. */
export function globSync() {
  throw new Error("this Node has no globSync");
}
