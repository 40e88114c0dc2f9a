// `node tooling/release/announce.mjs FOLDER`: a release of GitHub per server that was published, with its bundle. What the
// servers share has the same version; its changelogs are in its packages. Plain Node and gh.
import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";

const folder = resolve(process.argv[2] ?? "dist/release");
const { servers } = JSON.parse(readFileSync(join(folder, "release.json"), "utf8"));
for (const { server, bin, name, version, tag, bundle } of servers) {
  const gitTag = `${bin}@${version}`;
  if (exists(gitTag)) continue;
  const changes = changesOf(join("servers", server, "CHANGELOG.md"), version);
  const notes = `\`npx -y ${name}@${version}\`\n\n${changes}\n\n\`${bundle.file}\` sha256 ${bundle.sha256}\n`;
  const target = process.env.GITHUB_SHA === undefined ? [] : ["--target", process.env.GITHUB_SHA];
  const latest = tag === "latest" ? [] : ["--prerelease"];
  gh("release", "create", gitTag, join(folder, bundle.file), "--title", gitTag, "--notes", notes, ...target, ...latest);
  process.stdout.write(`${gitTag}\n`);
}

function exists(gitTag) {
  try {
    gh("release", "view", gitTag);
    return true;
  } catch (error) {
    if (/not found/i.test(String(error.stderr))) return false;
    throw error;
  }
}

/** What a changelog says of one version; empty where it says nothing. */
function changesOf(file, version) {
  const text = existsSync(file) ? readFileSync(file, "utf8") : "";
  const [, rest = ""] = text.split(`\n## ${version}\n`);
  return rest.split("\n## ")[0].trim();
}

function gh(...args) {
  return execFileSync("gh", args, { encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] });
}
