import { execFileSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { TSX } from "../setup.mjs";
import { publishedPackages, publishedServers } from "./packages.mjs";

/** `bumpVersions`, and then what is made for a version: the entries of the MCP registry, and the snapshot of what it promises. */
export function nextVersion(root: string, say: (line: string) => void): void {
  bumpVersions(root, say);
  // Programs of their own: this one has loaded what said the old version.
  for (const script of [["tooling/catalog.ts"], ["tooling/release/main.ts", "snapshot"]])
    execFileSync(process.execPath, [...TSX, ...script], { cwd: root, stdio: ["ignore", 2, 2] });
}

/** Takes the changesets that wait: versions and changelogs by changesets' own tool, then each server's own word of its version. */
export function bumpVersions(root: string, say: (line: string) => void): void {
  const changesets = createRequire(import.meta.url).resolve("@changesets/cli/bin.js");
  execFileSync(process.execPath, [changesets, "version"], { cwd: root, stdio: ["ignore", 2, 2] });
  for (const { folder, manifest } of publishedServers(root)) {
    const path = join(folder, "src/identity.ts");
    writeFileSync(path, withVersion(readFileSync(path, "utf8"), manifest.version));
  }
  for (const { manifest } of publishedPackages(root)) say(`${manifest.name} ${manifest.version}`);
}

/** A server's identity.ts with another version. @throws Error where it says none, or more than one */
export function withVersion(source: string, version: string): string {
  const said = /(?<=\b(?:version:|VERSION =) )"[^"]*"/g;
  const found = source.match(said)?.length ?? 0;
  if (found !== 1) throw new Error(`identity.ts says ${found} versions; one is wanted`);
  return source.replace(said, JSON.stringify(version));
}
