import { Client } from "@modelcontextprotocol/client";
import { StdioClientTransport } from "@modelcontextprotocol/client/stdio";
import { mkdir, mkdtemp, readdir, realpath, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Job } from "./jobs.ts";
import { pathOf, type Node } from "./nodes.ts";

/** What a user saw who started a published server for the first time. */
export interface FirstStart {
  /** From the start of npx, with nothing in its cache, to the list of tools, in milliseconds. */
  readonly coldMs: number;
  /** The same again, with the package in npx's cache. */
  readonly warmMs: number;
  readonly version: string;
  readonly tools: readonly object[];
  /** The structured answer to the job's call. */
  readonly data: Record<string, any>;
  /** What npx installed besides the package itself. */
  readonly alsoInstalled: readonly string[];
}

/**
 * Starts a package by `npx -y` as a client would, for a user with an empty home, an empty npm cache and an empty folder, and does
 * the job's call; then once more from the cache.
 */
export async function firstStart(npmrc: string, name: string, node: Node, job: Job): Promise<FirstStart> {
  const folder = await realpath(await mkdtemp(join(tmpdir(), "platform-ops-user-")));
  try {
    const [home, project] = [join(folder, "home"), join(folder, "project")];
    // npm looks for globally installed packages beside Node, and fails where there is no such folder.
    await Promise.all([mkdir(join(home, "prefix/lib"), { recursive: true }), mkdir(project)]);
    await writeFile(join(home, ".npmrc"), npmrc, { mode: 0o600 });
    const { args, env } = await job.prepare(project);
    const start = {
      command: node.program,
      args: [node.npx, "-y", name, ...args],
      env: {
        PATH: pathOf(node),
        HOME: home,
        npm_config_cache: join(folder, "npm-cache"),
        npm_config_prefix: join(home, "prefix"),
        npm_config_update_notifier: "false",
        ...env,
      },
      cwd: project,
    };
    const cold = await session(start, job);
    const warm = await session(start, job);
    return { ...cold, warmMs: warm.coldMs, alsoInstalled: await installedBeside(join(folder, "npm-cache"), name) };
  } finally {
    await rm(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 });
  }
}

async function session(
  start: { command: string; args: string[]; env: Record<string, string>; cwd: string },
  job: Job,
): Promise<Omit<FirstStart, "warmMs" | "alsoInstalled">> {
  const transport = new StdioClientTransport({ ...start, stderr: "pipe" });
  let stderr = "";
  transport.stderr?.on("data", (chunk: Buffer) => (stderr += chunk.toString()));
  const client = new Client({ name: "rehearsal", version: "1.0.0" }, { versionNegotiation: { mode: "legacy" } });
  const began = performance.now();
  try {
    await client.connect(transport);
    const { tools } = await client.listTools();
    const coldMs = performance.now() - began;
    const answer = await client.callTool(job.call, { timeout: 30_000 });
    return {
      coldMs,
      tools,
      version: client.getServerVersion()?.version ?? "",
      data: (answer.structuredContent ?? {}) as Record<string, any>,
    };
  } catch (error) {
    throw new Error(`${start.args.join(" ")}: ${error instanceof Error ? error.message : String(error)}\n${stderr}`, { cause: error });
  } finally {
    await client.close();
  }
}

/** npx keeps each package that it was asked for in a folder of its own, with all that came along. */
async function installedBeside(cache: string, name: string): Promise<string[]> {
  const [folder = ""] = await readdir(join(cache, "_npx"));
  const modules = join(cache, "_npx", folder, "node_modules");
  const [scope = ""] = name.split("/");
  const top = (await readdir(modules)).filter((entry) => !entry.startsWith(".") && entry !== scope);
  const ours = (await readdir(join(modules, scope))).map((entry) => `${scope}/${entry}`).filter((entry) => entry !== name);
  return [...top, ...ours];
}
