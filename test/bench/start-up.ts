import { cp, mkdir, mkdtemp, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { newHome } from "../support/home.ts";
import { REPOSITORY } from "../support/mcp-client.ts";
import { AUTO } from "./dag.ts";
import { median, processTime, quantile, report } from "./measure.ts";
import { makePeers } from "./start-peers.ts";
import { INITIALIZE, INITIALIZED, listOnce, openSession, type Environment, type Listed } from "./stdio-session.ts";

const PAIRS = 21;
const AIM = "≤ 1.8, aim 1.0";
/** A file younger than this is read at each start. */
const SETTLED_MS = 2_100;

/** A server, an operator's file for it, a toolset of it, and the call that is made first of it. */
interface Server {
  readonly server: "terraform" | "flux-teleport" | "meta-workflows";
  readonly file: string;
  readonly toolset: string;
  readonly firstCall: string;
}

const SERVERS: readonly Server[] = [
  { server: "terraform", file: AUTO, toolset: "runs", firstCall: "list_workflows" },
  {
    server: "flux-teleport",
    file: "remote:\n  clusters:\n    here: { transport: local }\n    prod: { teleport: { proxy: teleport.example.com } }\nenvironments:\n  - name: prod\n    match: { clusters: [prod] }\n",
    toolset: "flux",
    firstCall: "list_environments",
  },
  {
    server: "meta-workflows",
    file: "meta_workflows:\n  max_pending_actions: 20\nlogging: { level: info }\n",
    toolset: "runs",
    firstCall: "list_meta_workflows",
  },
];

/** One way to start: what is given besides the bin, anew for each start. */
interface Kind {
  readonly kind: string;
  given(): Promise<{ args: readonly string[]; env: Environment }>;
}

/** Spawn to `tools/list` against `node -e 0`, pair by pair, of all servers in all ways to start them, and of peers; first and warm calls. */
export async function benchStarts(scratch: string): Promise<void> {
  const home = await newHome();
  await cp(join(REPOSITORY, "examples/three-tier"), home.project, { recursive: true });
  for (const one of SERVERS) {
    const bin = join(REPOSITORY, `servers/${one.server}/dist/bin.js`);
    for (const { kind, given } of await kindsOf(one, scratch, home.home, home.project)) {
      await compare(`${one.server}: ${kind}`, AIM, async () => {
        const { args, env } = await given();
        return () => listOnce([bin, ...args], env);
      });
    }
    const env = { PLATFORM_OPS_HOME: home.home };
    const args = [bin, ...(one.server === "terraform" ? ["--root", home.project] : [])];
    // A session before makes V8's cache of the server.
    await calls(args, env, 1, one.firstCall);
    const { first, warm } = await calls(args, env, one.server === "terraform" ? 1000 : 1, one.firstCall);
    report(`${one.server}: first ${one.firstCall}, which loads the server`, `${first.toFixed(0)} ms`, "");
    if (warm.length > 1)
      report("warm list_workflows, p50 and p99", `${median(warm).toFixed(2)} and ${quantile(warm, 0.99).toFixed(2)} ms`, "≤ 1 and ≤ 10 ms");
  }
  const folder = join(scratch, "peers");
  await mkdir(folder);
  for (const { name, file } of await makePeers(folder)) await compare(`peer: ${name}`, "", async () => () => listOnce([file], {}));
  await home.remove();
}

async function kindsOf({ server, file, toolset }: Server, scratch: string, known: string, root: string): Promise<Kind[]> {
  const config = join(scratch, `${server}.yaml`);
  await writeFile(config, file, { mode: 0o600 });
  // What is known of a start is kept once its files have settled.
  await sleep(SETTLED_MS);
  const kind = (name: string, env: Environment, args: readonly string[] = []): Kind => ({
    kind: name,
    given: async () => ({ args, env: { PLATFORM_OPS_HOME: await mkdtemp(join(scratch, "home-")), ...env } }),
  });
  const [withFile, variable] = [{ PLATFORM_OPS_CONFIG: config }, { LOG_LEVEL: "info" }];
  return [
    // First, so that V8's cache of what reads settings is made by a start that reads all there is.
    kind("an operator's file, a fresh home", withFile),
    kind("nothing configured, a fresh home", {}),
    kind("a root by flag", {}, ["--root", root]),
    kind("a setting by flag", {}, ["--log-level", "info"]),
    kind("a variable", variable),
    kind("a toolset by variable", { PLATFORM_OPS_TOOLSETS: toolset }),
    kind("a file and a variable", { ...withFile, ...variable }),
    kind("a file known from an earlier start", { ...withFile, PLATFORM_OPS_HOME: known }),
  ];
}

/** Prints the median of the ratios; the first starts make V8's cache. `prepared` does what is not measured. */
async function compare(what: string, aim: string, prepared: () => Promise<() => Promise<Listed>>): Promise<void> {
  for (let i = 0; i < 3; i += 1) await (await prepared())();
  const pairs: (Listed & { floor: number })[] = [];
  for (let i = 0; i < PAIRS; i += 1) {
    const start = await prepared();
    const floor = await processTime(process.execPath, ["-e", "0"]);
    pairs.push({ ...(await start()), floor });
  }
  const [list, floor, rss] = [
    median(pairs.map(({ ms }) => ms)),
    median(pairs.map((pair) => pair.floor)),
    median(pairs.map((pair) => pair.rss)),
  ];
  const ratio = median(pairs.map((pair) => pair.ms / pair.floor));
  report(
    what,
    `${ratio.toFixed(2)} (${list.toFixed(0)} ÷ ${floor.toFixed(0)} ms), ${rss.toFixed(0)} MB`,
    aim === "" ? "" : `${aim}; ≤ 50 MB`,
  );
}

/** The first call of a session, and those that follow it, in milliseconds. */
async function calls(args: readonly string[], env: Environment, count: number, name: string): Promise<{ first: number; warm: number[] }> {
  const session = openSession(args, env);
  session.send(INITIALIZE);
  await session.next();
  session.send(INITIALIZED);
  const warm: number[] = [];
  let first = Number.NaN;
  for (let i = 0; i < count + 50; i += 1) {
    const started = performance.now();
    session.send({ jsonrpc: "2.0", id: i + 2, method: "tools/call", params: { name, arguments: {} } });
    await session.next();
    const ms = performance.now() - started;
    if (i === 0) first = ms;
    if (i >= 50) warm.push(ms);
  }
  await session.end();
  return { first, warm };
}
