// `prepack` and `postpack` of a server: `npm pack` publishes what is on disk, so the manifest on disk is for that moment the
// one for users: without the workspace's own dependencies and scripts, which mean nothing outside of it. Plain Node.
import { execFileSync } from "node:child_process";
import { copyFileSync, existsSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const ROOT = dirname(dirname(fileURLToPath(import.meta.url)));
const server = process.cwd();
const manifest = join(server, "package.json");
// Under node_modules: never committed, never packed.
const kept = join(server, "node_modules", ".package.json.kept");

/** The manifest that users get. */
export function publishedManifest({ devDependencies: _dev, scripts: _scripts, ...published }) {
  return published;
}

/** Puts the manifest of the workspace back; also what a pack that was killed left behind. */
function restore() {
  if (existsSync(kept)) renameSync(kept, manifest);
}

function prepare() {
  restore();
  const tsx = join(ROOT, "node_modules/tsx/dist/cli.mjs");
  execFileSync(process.execPath, [tsx, "--conditions=platform-ops-source", join(ROOT, "tooling/build.ts"), basename(server)], {
    stdio: ["ignore", 2, 2],
  });
  copyFileSync(manifest, kept);
  writeFileSync(manifest, `${JSON.stringify(publishedManifest(JSON.parse(readFileSync(manifest, "utf8"))), undefined, 2)}\n`);
}

const step = process.argv[2];
if (step === "prepack") prepare();
else if (step === "postpack") restore();
