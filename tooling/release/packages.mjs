// Which packages are published, and what of their manifests users get. Plain Node: the job that publishes installs nothing.
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

/**
 * The packages that are published: the servers. What they share is in their bundles (docs/decisions/0006-bundles.md).
 * @param {string} root
 */
export function publishedPackages(root) {
  return readdirSync(join(root, "servers"))
    .map((server) => ({ server, folder: join(root, "servers", server) }))
    .filter(({ folder }) => existsSync(join(folder, "package.json")))
    .map((one) => ({ ...one, manifest: JSON.parse(readFileSync(join(one.folder, "package.json"), "utf8")) }))
    .filter(({ manifest }) => manifest.private !== true)
    .sort((a, b) => (a.server < b.server ? -1 : 1));
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
