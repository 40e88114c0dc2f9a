import type { Json } from "@platform-ops/meta-workflow-registry/definition";

/** Arguments without what was left empty: a definition writes an optional input as it is, null where nobody gave it. */
export function plainArguments(args: { readonly [name: string]: Json }): { readonly [name: string]: Json } {
  return Object.fromEntries(Object.entries(args).filter(([, value]) => value !== null));
}
