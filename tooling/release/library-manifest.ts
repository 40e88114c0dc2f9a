import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";
import { publishedManifest } from "./packages.mjs";

/** What one subpath of a package leads to. */
export type ExportTarget = string | { readonly types: string; readonly default: string };

/** The manifest of a library, as users get it. */
export interface LibraryManifest {
  readonly name: string;
  readonly version: string;
  readonly sideEffects: boolean | readonly string[];
  readonly exports: Readonly<Record<string, ExportTarget>>;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly peerDependencies?: Readonly<Record<string, string>>;
  readonly files: readonly string[];
}

type Dependencies = Readonly<Record<string, string>>;
type WorkspaceTarget = string | Readonly<Record<string, string>>;
interface WorkspaceManifest {
  readonly name: string;
  readonly version: string;
  readonly sideEffects: boolean | readonly string[];
  readonly exports: Readonly<Record<string, WorkspaceTarget>>;
  readonly dependencies?: Dependencies;
  readonly peerDependencies?: Dependencies;
  readonly files: readonly string[];
}

/**
 * A library's manifest without what means nothing outside of the workspace: subpaths that lead to source only are for us, all
 * others lead to what was compiled, and versions are said.
 */
export function libraryManifest(manifest: WorkspaceManifest, version: (name: string, wanted: string) => string): LibraryManifest {
  const { sideEffects, exports, dependencies, peerDependencies, ...rest } = publishedManifest(manifest as never) as WorkspaceManifest;
  const said = (wanted: Dependencies): Dependencies =>
    Object.fromEntries(Object.entries(wanted).map(([name, range]) => [name, version(name, range)]));
  return {
    ...rest,
    sideEffects: typeof sideEffects === "boolean" ? sideEffects : sideEffects.filter((file) => file.startsWith("./dist/")),
    exports: Object.fromEntries(
      Object.entries(exports).flatMap(([subpath, target]): [string, ExportTarget][] => {
        if (typeof target === "string") return [[subpath, target]];
        const { types, default: code } = target;
        return types === undefined || code === undefined ? [] : [[subpath, { types, default: code }]];
      }),
    ),
    ...(dependencies === undefined ? {} : { dependencies: said(dependencies) }),
    ...(peerDependencies === undefined ? {} : { peerDependencies: said(peerDependencies) }),
  };
}

/**
 * What a published manifest says instead of `workspace:*` and `catalog:`. Our own packages go together in exactly one version, and
 * so do Temporal's, which also name each other exactly; of all others whatever is compatible with what we test, so that a host that
 * has one already gets no second.
 * @throws Error for a name that the catalog lacks
 */
export function publishedVersions(root: string, own: string): (name: string, wanted: string) => string {
  const { catalog } = parse(readFileSync(join(root, "pnpm-workspace.yaml"), "utf8")) as { catalog: Record<string, string> };
  return (name, wanted) => {
    if (wanted === "workspace:*") return own;
    const pinned = catalog[name];
    if (wanted !== "catalog:" || pinned === undefined) throw new Error(`${name} ${wanted} is not of the catalog`);
    return /^\d/.test(pinned) && !name.startsWith("@temporalio/") ? `^${pinned}` : pinned;
  };
}
