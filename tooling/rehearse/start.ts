import { mkdir, mkdtemp, readdir, realpath, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Job } from "./jobs.ts";
import { typescript2, type Make, type Session, type Start } from "./makes.ts";
import { pathOf, type Node } from "./nodes.ts";

/** What a user saw who started a published server for the first time. */
export interface FirstStart {
  /** With nothing in npx's cache. */
  readonly cold: Session;
  /** The same again, with the package there. */
  readonly warm: Session;
  /** And once more by clients of other makes, in their order. */
  readonly others: readonly (readonly [make: string, session: Session])[];
  /** What npx installed besides the package itself. */
  readonly alsoInstalled: readonly string[];
}

/**
 * Starts a package by `npx -y` as a client would, for a user with an empty home, an empty npm cache and an empty folder, and does
 * the job's call; then again from the cache.
 */
export async function firstStart(
  npmrc: string,
  name: string,
  node: Node,
  job: Job,
  makes: readonly (readonly [string, Make])[] = [],
): Promise<FirstStart> {
  const folder = await realpath(await mkdtemp(join(tmpdir(), "platform-ops-user-")));
  try {
    const start = await newUser(folder, npmrc, name, node, job);
    const cold = await typescript2(start, job);
    const alsoInstalled = await installedBeside(join(folder, "npm-cache"), name);
    const warm = await typescript2(start, job);
    const others: [string, Session][] = [];
    for (const [make, speak] of makes) others.push([make, await speak(start, job)]);
    return { cold, warm, others, alsoInstalled };
  } finally {
    await rm(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 });
  }
}

async function newUser(folder: string, npmrc: string, name: string, node: Node, job: Job): Promise<Start> {
  const [home, project] = [join(folder, "home"), join(folder, "project")];
  // npm looks for globally installed packages beside Node, and fails where there is no such folder.
  await Promise.all([mkdir(join(home, "prefix/lib"), { recursive: true }), mkdir(project)]);
  await writeFile(join(home, ".npmrc"), npmrc, { mode: 0o600 });
  const { args, env } = await job.prepare(project);
  const npm = { npm_config_cache: join(folder, "npm-cache"), npm_config_prefix: join(home, "prefix"), npm_config_update_notifier: "false" };
  return {
    command: node.program,
    args: [node.npx, "-y", name, ...args],
    env: { PATH: pathOf(node), HOME: home, ...npm, ...env },
    cwd: project,
  };
}

/** npx keeps each package that it was asked for in a folder of its own, with all that came along. */
async function installedBeside(cache: string, wanted: string): Promise<string[]> {
  const name = wanted.replace(/(?<=.)@.*$/, "");
  const [folder = ""] = await readdir(join(cache, "_npx"));
  const modules = join(cache, "_npx", folder, "node_modules");
  const [scope = ""] = name.split("/");
  const top = (await readdir(modules)).filter((entry) => !entry.startsWith(".") && entry !== scope);
  const ours = (await readdir(join(modules, scope))).map((entry) => `${scope}/${entry}`).filter((entry) => entry !== name);
  return [...top, ...ours];
}
