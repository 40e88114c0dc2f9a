// `npm run clients [-- --claude PATH --codex PATH --gemini PATH]`: do the real clients read what `install` writes? Each that is
// named, or on PATH, is asked for its list of servers in a home folder of its own, before and after. Installs nothing, and asks no model.
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";

const ROOT = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
const BINS = readdirSync(join(ROOT, "servers"))
  .map((server) => ({ server, bin: join(ROOT, "servers", server, "dist/bin.js") }))
  .filter(({ bin }) => existsSync(bin));

/** How a real client is asked, and what its list says of a server that it could read; of one that it started, where it starts them. */
interface RealClient {
  readonly id: string;
  readonly program: "claude" | "codex" | "gemini";
  readonly listed: (name: string) => RegExp;
  /** What it must know before it looks at a project's file at all. */
  prepare?(home: string, project: string): void;
}

const CLIENTS: readonly RealClient[] = [
  { id: "claude-code", program: "claude", listed: (name) => new RegExp(`^${name}: .*Connected`, "m") },
  { id: "codex", program: "codex", listed: (name) => new RegExp(`^${name} .* enabled`, "m") },
  {
    id: "gemini",
    program: "gemini",
    listed: (name) => new RegExp(`^\\S+ ${name}: .*Connected`, "m"),
    prepare(home, project) {
      mkdirSync(join(home, ".gemini"), { recursive: true });
      writeFileSync(join(home, ".gemini", "trustedFolders.json"), JSON.stringify({ [project]: "TRUST_FOLDER" }));
    },
  },
];

const { values: named } = parseArgs({ options: { claude: { type: "string" }, codex: { type: "string" }, gemini: { type: "string" } } });
let failures = 0;
let tried = 0;
for (const client of CLIENTS) {
  const program = named[client.program] ?? onPath(client.program);
  if (program === undefined) say(`- ${client.id}: ${client.program} is not here; name it with --${client.program}`);
  else if (tryOut(client, program)) tried += 1;
  else failures += 1;
}
if (tried + failures === 0) say("Nothing was tried.");
process.exitCode = failures > 0 ? 1 : 0;

/** Whether the client lists all servers after they were entered, and none after they were taken out. */
function tryOut({ id, program: name, listed, prepare }: RealClient, program: string): boolean {
  const home = realpathSync(mkdtempSync(join(tmpdir(), "platform-ops-clients-")));
  const project = join(home, "project");
  mkdirSync(project);
  const env = { PATH: process.env["PATH"], HOME: home, LANG: "C.UTF-8", PLATFORM_OPS_HOME: join(home, "data") };
  const list = (): string => {
    const { stdout, stderr } = spawnSync(program, ["mcp", "list"], { cwd: project, env, encoding: "utf8", input: "", timeout: 120_000 });
    // Some tell it on stderr.
    return `${stdout}\n${stderr}`.replaceAll(/\u001b\[[\d;]*m/g, ""); // oxlint-disable-line no-control-regex
  };
  try {
    prepare?.(home, project);
    const version = spawnSync(program, ["--version"], { cwd: project, env, encoding: "utf8", input: "", timeout: 60_000 }).stdout.trim();
    for (const { bin } of BINS) spawnSync(process.execPath, [bin, "install", id], { cwd: project, env, encoding: "utf8" });
    const after = list();
    for (const { bin } of BINS) spawnSync(process.execPath, [bin, "uninstall", id], { cwd: project, env, encoding: "utf8" });
    const without = list();
    const unseen = BINS.filter(({ server }) => !listed(server).test(after)).map(({ server }) => server);
    const left = BINS.filter(({ server }) => listed(server).test(without)).map(({ server }) => server);
    if (unseen.length + left.length === 0)
      say(`✓ ${id} (${name} ${version}): lists ${BINS.map(({ server }) => server).join(", ")}, and none after uninstall`);
    else say(`✗ ${id} (${name} ${version}): does not list ${unseen.join(", ") || "-"}, still lists ${left.join(", ") || "-"}\n${after}`);
    return unseen.length + left.length === 0;
  } finally {
    rmSync(home, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 });
  }
}

function onPath(program: string): string | undefined {
  const folders = (process.env["PATH"] ?? "").split(delimiter);
  return folders.map((folder) => join(folder, program)).find((path) => existsSync(path));
}

function say(text: string): void {
  process.stdout.write(`${text}\n`);
}
