import { execFileSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { TSX } from "../setup.mjs";
import { publishedPackages } from "./packages.mjs";

/**
 * Takes the changesets that wait: versions and changelogs by changesets' own tool, then what says a version beside the manifests:
 * each server's own word, the entries of the MCP registry, and the snapshot of what is stable.
 */
export function nextVersion(root: string, say: (line: string) => void): void {
  const node = (...args: string[]): void => void execFileSync(process.execPath, args, { cwd: root, stdio: ["ignore", 2, 2] });
  node(join(root, "node_modules/@changesets/cli/bin.js"), "version");
  for (const { folder, manifest } of publishedPackages(root)) {
    const path = join(folder, "src/identity.ts");
    writeFileSync(path, withVersion(readFileSync(path, "utf8"), manifest.version));
    say(`${manifest.name} ${manifest.version}`);
  }
  node(...TSX, join(root, "tooling/catalog.ts"));
}

/** A server's identity.ts with another version. @throws Error where it says none, or more than one */
export function withVersion(source: string, version: string): string {
  const said = /(?<=\b(?:version:|VERSION =) )"[^"]*"/g;
  const found = source.match(said)?.length ?? 0;
  if (found !== 1) throw new Error(`identity.ts says ${found} versions; one is wanted`);
  return source.replace(said, JSON.stringify(version));
}
