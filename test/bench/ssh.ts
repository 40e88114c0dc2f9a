import { execFile, execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { build } from "esbuild";
import type { RemoteSettings } from "@platform-ops/ledger";
import { REPOSITORY } from "../support/mcp-client.ts";
import { sshCluster } from "../support/ssh-cluster.ts";
import { SSHD_MISSING, startSshd, type Sshd } from "../support/sshd.ts";
import type { CommandsJob, NodesFigures, WarmFigures } from "./commands-process.ts";
import { median, quantile, report } from "./measure.ts";

const NODES = 100;
const AT_ONCE = 25;
/** An sshd listens on 16 addresses at most. */
const ADDRESSES = 15;
const run = promisify(execFile);

/** One command after another on a warm connection, against OpenSSH's client with a shared connection. */
export async function benchSsh(scratch: string, rounds = 200): Promise<void> {
  if (SSHD_MISSING !== undefined) return void process.stdout.write(`ssh: ${SSHD_MISSING}\n`);
  const server = await startSshd();
  try {
    const socket = join(server.folder, "control");
    const words = ["-S", socket, ...server.sshArgs()];
    execFileSync("ssh", ["-M", "-f", "-N", "-oControlPersist=yes", ...words], { stdio: "ignore" });
    const figures = await inOwnProcess<WarmFigures>(scratch, {
      settings: settingsOf([server], []),
      targets: [{ cluster: "lab", node: "web1", user: server.user }],
      runtimeFolder: join(scratch, "run"),
      kind: "warm",
      rounds,
      concurrency: 1,
      ssh: words,
    });
    execFileSync("ssh", ["-O", "exit", ...words], { stdio: "ignore" });
    const { bare, whole } = figures;
    pair("ssh, warm: the transport, the same bare line", bare.ours, bare.ssh, "≤ 0.6 × OpenSSH with ControlMaster");
    pair("ssh, warm: the whole door, the same line as it sends", whole.ours, whole.sshSame, "≤ 0.6 × OpenSSH with ControlMaster");
    pair("ssh, warm: the whole door, OpenSSH with the bare line", whole.ours, whole.sshBare, "what the envelope costs");
  } finally {
    await server.stop();
  }
}

function pair(what: string, ours: readonly number[], theirs: readonly number[], aim: string): void {
  const ratio = median(ours.map((value, index) => value / (theirs[index] ?? Number.NaN)));
  report(
    what,
    `${median(ours).toFixed(1)} : ${median(theirs).toFixed(1)} ms = ${ratio.toFixed(2)}`,
    `${aim} (p95 ${quantile(ours, 0.95).toFixed(1)})`,
  );
}

/** `uptime` on a hundred machines, 25 at once, against Ansible where it can be had. */
export async function benchNodes(scratch: string, rounds = 3): Promise<void> {
  if (SSHD_MISSING !== undefined) return void process.stdout.write(`nodes: ${SSHD_MISSING}\n`);
  const servers: Sshd[] = [];
  try {
    const hosts: { name: string; address: string; server: Sshd }[] = [];
    for (let first = 0; first < NODES; first += ADDRESSES) {
      const count = Math.min(ADDRESSES, NODES - first);
      const addresses = Array.from({ length: count }, (_, index) => `127.0.${1 + first / ADDRESSES}.${1 + index}`);
      // Each address stands for a machine, which would drop nobody at 25 logins of a minute.
      const server = await startSshd({ addresses, maxStartups: "200", authorizedKeys: servers.slice(0, 1).map(publicKeyOf) });
      servers.push(server);
      hosts.push(...addresses.map((address, index) => ({ name: `node-${first + index}`, address, server })));
    }
    const ansible = ansibleProgram();
    const settings = settingsOf(servers, hosts);
    const job: CommandsJob = {
      settings,
      targets: hosts.map(({ name, server }) => ({ cluster: "lab", node: name, user: server.user })),
      runtimeFolder: join(scratch, "run"),
      kind: "nodes",
      rounds: 3,
      concurrency: AT_ONCE,
      ssh: [],
    };
    const ours: NodesFigures[] = [];
    const theirs: { cold: number; warm: number }[] = [];
    for (let round = 0; round < rounds; round += 1) {
      ours.push(await inOwnProcess<NodesFigures>(scratch, job));
      if (ansible !== undefined) theirs.push(await ansibleRuns(ansible, join(scratch, `ansible-${round}`), hosts));
    }
    const failed = ours.flatMap((figures) => figures.failed);
    if (failed.length > 0) throw new Error(`${failed.length} commands failed, the first: ${failed[0]}`);
    const cold = ours.map((figures) => figures.cold);
    const warm = ours.map((figures) => median(figures.warm));
    const against = (mine: readonly number[], other: readonly number[]): string =>
      other.length === 0
        ? `${median(mine).toFixed(0)} ms`
        : `${median(mine).toFixed(0)} : ${median(other).toFixed(0)} ms = ${median(mine.map((value, index) => value / (other[index] ?? Number.NaN))).toFixed(2)}`;
    const absent = ansible === undefined ? " (Ansible could not be had)" : "";
    report(
      `${NODES} nodes, ${AT_ONCE} at once, cold`,
      against(
        cold,
        theirs.map((one) => one.cold),
      ),
      `≤ 0.35 × Ansible ad-hoc${absent}`,
    );
    report(
      `${NODES} nodes, ${AT_ONCE} at once, warm`,
      against(
        warm,
        theirs.map((one) => one.warm),
      ),
      `≤ 0.1 × Ansible ad-hoc${absent}`,
    );
    report(`${NODES} nodes, memory of the whole process`, `${Math.max(...ours.map((one) => one.megabytes)).toFixed(0)} MB`, "≤ 120 MB");
  } finally {
    await Promise.all(servers.map((server) => server.stop()));
  }
}

function publicKeyOf({ clientKey }: Sshd): string {
  return readFileSync(`${clientKey}.pub`, "utf8");
}

function settingsOf(servers: readonly Sshd[], hosts: readonly { name: string; address: string; server: Sshd }[]): RemoteSettings {
  const [first] = servers;
  if (first === undefined) throw new Error("no sshd");
  const listed = hosts.map(({ name, address, server }) => ({ name, host: address, port: server.port, labels: {} }));
  const lab = sshCluster(first, {
    ...(listed.length === 0 ? {} : { hosts: listed }),
    known_hosts: servers.map((server) => server.knownHosts),
    identity_files: [first.clientKey],
  });
  return { clusters: { lab }, timeout_seconds: 60, max_timeout_seconds: 600, concurrency: AT_ONCE, remedies: {} };
}

/** Bundles the program for plain Node, so that its memory and start are those of a server and not of a loader, and runs it. */
async function inOwnProcess<T>(scratch: string, job: CommandsJob): Promise<T> {
  const [program, file] = [join(scratch, "commands.cjs"), join(scratch, "job.json")];
  await build({
    stdin: { contents: 'import { main } from "./commands-process.ts"; void main();', resolveDir: join(REPOSITORY, "test/bench") },
    outfile: program,
    bundle: true,
    platform: "node",
    format: "cjs",
    conditions: ["platform-ops-source"],
    external: ["*.node", "cpu-features"],
    logLevel: "error",
  });
  await writeFile(file, JSON.stringify(job));
  const { stdout } = await run(process.execPath, [program, file], { maxBuffer: 10_000_000, env: { PATH: process.env["PATH"] } });
  return JSON.parse(stdout) as T;
}

/** Ansible in our cache; undefined where neither Python nor its packages can be had. */
function ansibleProgram(): string | undefined {
  try {
    const words = [join(REPOSITORY, "tooling/setup/python-clients.sh"), join(REPOSITORY, "test/bench/python/requirements.txt")];
    const venv = execFileSync("bash", words, { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] }).trim();
    return join(venv, "bin/python");
  } catch {
    return undefined;
  }
}

/** Ad-hoc `raw`, with Ansible's own ControlPersist: first with no connection, then over those that it left. */
async function ansibleRuns(
  python: string,
  folder: string,
  hosts: readonly { name: string; address: string; server: Sshd }[],
): Promise<{ cold: number; warm: number }> {
  await mkdir(folder);
  const inventory = `${folder}.ini`;
  const known = hosts[0]?.server.folder ?? "";
  await writeFile(`${folder}.known`, hosts.map(({ address, server }) => `[${address}]:${server.port} ${server.hostKey}\n`).join(""));
  await writeFile(
    inventory,
    hosts
      .map(({ name, address, server }) => `${name} ansible_host=${address} ansible_port=${server.port} ansible_user=${server.user}`)
      .join("\n"),
  );
  const env = {
    PATH: process.env["PATH"],
    HOME: folder,
    LC_ALL: "C.UTF-8",
    ANSIBLE_HOST_KEY_CHECKING: "True",
    ANSIBLE_PRIVATE_KEY_FILE: join(known, "client"),
    ANSIBLE_SSH_ARGS: `-F none -o ControlMaster=auto -o ControlPersist=60s -o UserKnownHostsFile=${folder}.known -o IdentitiesOnly=yes`,
    ANSIBLE_LOCAL_TEMP: `${folder}/tmp`,
    ANSIBLE_SSH_CONTROL_PATH_DIR: `${folder}/cp`,
    ANSIBLE_INTERPRETER_PYTHON: "auto_silent",
  };
  const once = async (): Promise<number> => {
    const started = performance.now();
    const words = ["-m", "ansible", "adhoc", "all", "-i", inventory, "-m", "raw", "-a", "uptime", "-f", String(AT_ONCE), "-o"];
    await run(python, words, { env, maxBuffer: 10_000_000 });
    return performance.now() - started;
  };
  return { cold: await once(), warm: await once() };
}
