// What the release workflow has to do, written to its outputs: `version` where changesets wait for a version, else `publish` where
// a version is not published. Plain Node.
import { appendFileSync, existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { publishedIntegrity } from "./npm.mjs";
import { publishedPackages } from "./packages.mjs";

/** The changesets of which no version has been made; on the prerelease channel those that made one are kept, and listed. */
export function waitingChangesets(root) {
  const folder = join(root, ".changeset");
  const pre = join(folder, "pre.json");
  const done = existsSync(pre) ? JSON.parse(readFileSync(pre, "utf8")).changesets : [];
  const names = readdirSync(folder).filter((name) => name.endsWith(".md") && name !== "README.md");
  return names.map((name) => name.slice(0, -".md".length)).filter((name) => !done.includes(name));
}

/** @param {(name: string, version: string) => string | undefined} published */
export function planOf(root, published) {
  if (waitingChangesets(root).length > 0) return { version: true, publish: false };
  const open = publishedPackages(root).filter(({ manifest }) => published(manifest.name, manifest.version) === undefined);
  return { version: false, publish: open.length > 0 };
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) {
  const plan = planOf(dirname(dirname(dirname(fileURLToPath(import.meta.url)))), publishedIntegrity);
  const lines = Object.entries(plan).map(([name, value]) => `${name}=${value}\n`);
  process.stdout.write(lines.join(""));
  if (process.env.GITHUB_OUTPUT) appendFileSync(process.env.GITHUB_OUTPUT, lines.join(""));
}
