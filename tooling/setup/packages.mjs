// The workspace's packages, installed exactly as the lock file says.
import { mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { hashFiles, read } from "./cache.mjs";
import { run } from "./program.mjs";

/** Hash of all that decides what is installed. */
function wanted(root) {
  const members = ["packages", "servers"].flatMap((room) =>
    readdirSync(join(root, room)).map((name) => join(root, room, name, "package.json")),
  );
  const files = ["package.json", "pnpm-lock.yaml", "pnpm-workspace.yaml", ".npmrc"].map((name) => join(root, name));
  return `${hashFiles([...files, ...members])} node ${process.versions.modules} ${process.platform}-${process.arch}`;
}

// Inside node_modules, so that it goes when they go.
const stampOf = (root) => join(root, "node_modules/.platform-ops/packages");

/** Whether what is installed is what the lock file wants. */
export function packagesAreInstalled(root) {
  return read(stampOf(root)) === wanted(root);
}

/** Installs the packages; the stamp is written only after success. */
export async function installPackages({ root, pnpm: [program, ...args], step, signal }) {
  const stamp = wanted(root);
  const install = ["install", "--frozen-lockfile", "--prefer-offline", "--reporter=append-only", "--config.confirmModulesPurge=false"];
  const env = { ...process.env, COREPACK_ENABLE_DOWNLOAD_PROMPT: "0" };
  await run(program, [...args, ...install], { cwd: root, env, signal, onLine: (line) => step.update(line) });
  mkdirSync(dirname(stampOf(root)), { recursive: true });
  writeFileSync(stampOf(root), stamp);
}
