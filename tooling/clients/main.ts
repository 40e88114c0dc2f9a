// `npm run clients [-- --claude PATH --codex PATH --gemini PATH]`: are the servers of use in the real clients? Each client that
// is named, or on PATH, gets a home folder of its own. The packed servers are installed there and entered by `install`; the
// client lists them, and then does a whole job with them, led by a scripted model on loopback, while a person approves at a
// terminal; `uninstall` takes them out. Nothing is fetched, no model of anybody is asked.
import { spawn, spawnSync } from "node:child_process";
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, realpathSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { parseArgs } from "node:util";
import { REPOSITORY } from "../../test/support/mcp-client.ts";
import { cacheFolder } from "../setup/cache.mjs";
import { packRelease } from "../release/pack.ts";
import { threeServers } from "./jobs.ts";
import { REAL_CLIENTS, type RealClient } from "./real-clients.ts";
import { startModel } from "./scripted-model.ts";

const { values: named } = parseArgs({ options: { claude: { type: "string" }, codex: { type: "string" }, gemini: { type: "string" } } });
const programs = REAL_CLIENTS.map((client) => ({ client, program: named[client.program] ?? onPath(client.program) }));
for (const { client, program } of programs)
  if (program === undefined) say(`- ${client.id}: ${client.program} is not here; name it with --${client.program}`);
const here = programs.flatMap(({ client, program }) => (program === undefined ? [] : [{ client, program }]));
const folder = realpathSync(mkdtempSync(join(tmpdir(), "platform-ops-clients-")));
try {
  if (here.length === 0) say("Nothing was tried.");
  else {
    const bins = await installPacked();
    for (const { client, program } of here) await tryOut(client, program, bins);
  }
} finally {
  rmSync(folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 200 });
}

interface PackedBin {
  readonly server: string;
  readonly file: string;
}

/** Packs the built servers and installs the files into an empty folder, as npm does for a user. */
async function installPacked(): Promise<PackedBin[]> {
  const packed = join(folder, "packed");
  const installed = join(folder, "installed");
  mkdirSync(installed);
  await packRelease(REPOSITORY, packed, () => undefined);
  const tarballs = readdirSync(packed).filter((name) => name.endsWith(".tgz"));
  const servers = tarballs.flatMap((name) => /^platform-ops-(.+)-mcp-\d/.exec(name)?.[1] ?? []);
  const files = servers.map((server) =>
    join(
      packed,
      tarballs.find((name) => name.includes(`-${server}-mcp-`))!,
    ),
  );
  must("npm", ["install", "--no-audit", "--no-fund", "--offline", "--prefix", installed, ...files], installed);
  return servers.map((server) => ({ server, file: join(installed, "node_modules/@platform-ops", `${server}-mcp`, "dist/bin.js") }));
}

async function tryOut(client: RealClient, program: string, bins: readonly PackedBin[]): Promise<void> {
  const home = join(folder, client.id);
  const project = join(home, "project");
  cpSync(join(REPOSITORY, "examples/three-tier"), project, { recursive: true });
  const env = {
    PATH: process.env["PATH"] ?? "",
    HOME: home,
    LANG: "C.UTF-8",
    TERM: "dumb",
    PLATFORM_OPS_CACHE: cacheFolder(),
  };
  const ask = (args: readonly string[]): string => must(program, args, project, env);
  const ours = (args: readonly string[]): void => bins.forEach(({ file }) => must(process.execPath, [file, ...args], project, env));
  const servers = bins.map(({ server }) => server);
  const terraformBin = bins.find(({ server }) => server === "terraform")!.file;
  try {
    say(`${client.id} (${ask(["--version"]).trim().split("\n")[0]})`);
    ours(["install", client.id, "--local", "--env", "PLATFORM_OPS_CACHE"]);
    client.prepare(home, project);
    // One set-up serves every server of the data directory that runs something durable.
    for (const { server, file } of bins) if (server !== "flux-teleport") must(process.execPath, [file, "setup"], project, env);
    check("lists all servers", () => listing(client, ask, bins, true));
    await doJob(client, program, servers, { project, env, terraformBin });
    ours(["uninstall", client.id]);
    check("lists none after uninstall", () => listing(client, ask, bins, false));
  } catch (error) {
    fail(error);
  } finally {
    spawnSync(process.execPath, [terraformBin, "supervisor", "stop"], { env });
  }
}

function listing({ listed }: RealClient, ask: (args: readonly string[]) => string, bins: readonly PackedBin[], entered: boolean): void {
  const list = ask(["mcp", "list"]);
  const wrong = bins.filter(({ server }) => listed(server).test(list) !== entered);
  if (wrong.length > 0) throw new Error(`${wrong.map(({ server }) => server).join(", ")}\n${list}`);
}

async function doJob(
  client: RealClient,
  program: string,
  servers: readonly string[],
  { project, env, terraformBin }: { project: string; env: Readonly<Record<string, string>>; terraformBin: string },
): Promise<void> {
  await using model = await startModel(client.api, threeServers({ project, env, terraformBin, say }));
  const args = client.taskArguments(model.port, servers);
  const child = spawn(program, args, {
    cwd: project,
    env: { ...env, ...client.taskEnvironment(model.port) },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let output = "";
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (chunk: Buffer) => (output += chunk.toString()));
  const ended = new Promise<void>((resolve) => child.once("close", () => resolve()));
  const limit = setTimeout(() => child.kill(), 900_000);
  const endedEarly = ended.then(() => {
    throw new Error(`it ended before the job did: ${output.slice(-2000)}`);
  });
  try {
    await Promise.race([model.finished, endedEarly]);
    say("✓ did the whole job");
  } catch (error) {
    fail(error);
  } finally {
    clearTimeout(limit);
    endedEarly.catch(() => undefined);
    child.kill();
    await ended;
  }
}

function check(what: string, look: () => void): void {
  try {
    look();
    say(`✓ ${what}`);
  } catch (error) {
    say(`✗ ${what}`);
    fail(error);
  }
}

function fail(error: unknown): void {
  say(`✗ ${error instanceof Error ? error.message : String(error)}`);
  process.exitCode = 1;
}

/** What a command printed, on both streams. Throws it where the command failed. */
function must(
  program: string,
  args: readonly string[],
  cwd: string,
  env: Readonly<Record<string, string>> | undefined = undefined,
): string {
  const { status, stdout, stderr, error } = spawnSync(program, args, {
    cwd,
    encoding: "utf8",
    input: "",
    timeout: 300_000,
    ...(env !== undefined && { env }),
  });
  const printed = `${stdout}\n${stderr}`.replaceAll(/\u001b\[[\d;]*m/g, ""); // oxlint-disable-line no-control-regex
  if (status !== 0) throw new Error(`${program} ${args.join(" ")} ended with ${status}: ${error?.message ?? printed.slice(-3000)}`);
  return printed;
}

function onPath(program: string): string | undefined {
  const folders = (process.env["PATH"] ?? "").split(delimiter);
  return folders.map((each) => join(each, program)).find((path) => existsSync(path));
}

function say(text: string): void {
  process.stdout.write(`${text}\n`);
}
