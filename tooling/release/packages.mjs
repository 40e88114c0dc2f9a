// Which packages are published, and what of their manifests users get. Plain Node: the job that publishes installs nothing.
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

/** All packages that are published, each after those that it depends on. */
export function publishedPackages(root) {
  return [...publishedLibraries(root), ...publishedServers(root)];
}

/**
 * The servers. What they share is in their bundles (docs/decisions/0006-bundles.md): they depend on nothing.
 * @param {string} root
 */
export function publishedServers(root) {
  return published(root, "servers").map(({ short, ...one }) => ({ server: short, ...one }));
}

/**
 * What the servers share, each package after those that it depends on (docs/decisions/0030-shared-packages.md).
 * @param {string} root
 */
export function publishedLibraries(root) {
  const open = published(root, "packages").map(({ short, ...one }) => ({ library: short, ...one }));
  const ordered = [];
  while (open.length > 0) {
    const needs = ({ manifest }) => open.some((other) => other.manifest.name in (manifest.dependencies ?? {}));
    const next = open.findIndex((one) => !needs(one));
    if (next < 0) throw new Error(`these depend on each other: ${open.map(({ library }) => library).join(", ")}`);
    ordered.push(...open.splice(next, 1));
  }
  return ordered;
}

function published(root, group) {
  return readdirSync(join(root, group))
    .map((short) => ({ short, folder: join(root, group, short) }))
    .filter(({ folder }) => existsSync(join(folder, "package.json")))
    .map((one) => ({ ...one, manifest: JSON.parse(readFileSync(join(one.folder, "package.json"), "utf8")) }))
    .filter(({ manifest }) => manifest.private !== true)
    .sort((a, b) => (a.short < b.short ? -1 : 1));
}

/** The manifest that users get: without what means nothing outside of the workspace. */
export function publishedManifest({ devDependencies: _dev, scripts: _scripts, contents: _contents, ...published }) {
  return published;
}

/** The tag under which a version is published: `latest`, or of a prerelease its own word (`0.2.0-next.1` → `next`). */
export function distTag(version) {
  return /-([a-z]+)\b/.exec(version)?.[1] ?? "latest";
}

/** A repository of GitHub as `owner/name`, from a manifest's `repository`; undefined for any other. */
export function repositorySlug(repository) {
  return /^git\+https:\/\/github\.com\/([\w.-]+\/[\w.-]+)\.git$/.exec(repository?.url ?? "")?.[1];
}
