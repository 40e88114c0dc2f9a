// pnpm of the exact version that package.json names: the one on PATH, else one in our cache. Never global.
import { cpSync, existsSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { partialFolder, settle } from "./cache.mjs";
import { MissingPart, run, which } from "./program.mjs";

const LOCKED = join(dirname(fileURLToPath(import.meta.url)), "pnpm");

/** Finds or brings pnpm. Returns the command as [program, ...arguments]. */
export async function bringPnpm({ root, cache, version, step, signal }) {
  const candidates = [
    { command: ["pnpm"], from: "PATH", known: () => which("pnpm") !== undefined },
    { command: [process.execPath, cachedEntry(cache, version)], from: "our cache", known: () => existsSync(cachedEntry(cache, version)) },
  ];
  for (const { command, from, known } of candidates) {
    if (!known()) continue;
    step.update(`asking ${from}`);
    if ((await versionOf(command, root, signal)) === version) return { command, from };
  }
  step.update(`installing pnpm ${version} into our cache`);
  await install(cache, version, signal);
  return { command: [process.execPath, cachedEntry(cache, version)], from: "npm, into our cache" };
}

/** The folder with the cached pnpm's program, for the end of a PATH that has none; undefined where there is one, or none was brought. */
export function pnpmFolder(cache, version) {
  const folder = join(cache, "pnpm", version, "node_modules/.bin");
  return which("pnpm") === undefined && existsSync(join(folder, "pnpm")) ? folder : undefined;
}

const cachedEntry = (cache, version) => join(cache, "pnpm", version, "node_modules/pnpm/bin/pnpm.cjs");

async function versionOf([program, ...args], cwd, signal) {
  try {
    return (await run(program, [...args, "--version"], { cwd, env: process.env, signal, timeoutMs: 60_000 })).trim();
  } catch {
    return undefined;
  }
}

/** By npm from a lock file of ours, which holds the checksum of the package. */
async function install(cache, version, signal) {
  if (which("npm") === undefined) throw new MissingPart("npm is not on PATH. Install Node 20.19 or newer together with npm.");
  const partial = partialFolder(cache, "pnpm");
  try {
    for (const name of ["package.json", "package-lock.json"]) cpSync(join(LOCKED, name), join(partial, name));
    await run("npm", ["ci", "--ignore-scripts", "--no-audit", "--no-fund"], { cwd: partial, signal });
    settle(partial, join(cache, "pnpm", version));
  } finally {
    rmSync(partial, { recursive: true, force: true });
  }
}
