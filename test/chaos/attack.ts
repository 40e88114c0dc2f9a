import { chmodSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { callTool, listTool, type Tool } from "@platform-ops/mcp-kit";
import { tools } from "../../servers/flux-teleport/src/tools/index.ts";
import { machinesServer, type MachinesServer } from "../support/flux-teleport.ts";
import { KUBECTL } from "../support/kube-api/kubectl.ts";
import { startStandInCluster } from "../support/kube-api/stand-in-cluster.ts";
import { startSshd, type Sshd } from "../support/sshd.ts";
import { hostileValues, type Bait } from "./hostile-values.ts";
import { seeded } from "./random.ts";

// Hostile texts in every string argument of every tool, against a real sshd, the real kubectl and a recorder in tsh's place.
// What must not be: a canary touched, an argument that became an option, another machine, account or namespace reached.

export interface AttackReport {
  readonly values: number;
  readonly tools: number;
  readonly arguments: number;
  /** How many of them led to programs that were started. */
  readonly started: number;
  readonly problems: readonly string[];
}

/** A tool with values that it takes, and the argument that is attacked. */
interface Front {
  readonly tool: Tool;
  readonly argument: string;
  readonly isList: boolean;
  readonly plain: Readonly<Record<string, unknown>>;
}

/** Plays `perArgument` values into each argument. The same seed gives the same values. */
export async function attack(options: { seed: number; perArgument: number; signal?: AbortSignal }): Promise<AttackReport> {
  const field = await openField();
  const problems: string[] = [];
  let [values, started] = [0, 0];
  const fronts = tools.flatMap((tool) => frontsOf(tool as Tool, field.sshd));
  try {
    for (const front of fronts) {
      const usual = await wordsOf(field, front, undefined);
      const random = seeded(options.seed + hash(`${front.tool.name}.${front.argument}`));
      const plain = String([front.plain[front.argument]].flat()[0] ?? "x");
      for (const value of hostileValues(random, options.perArgument, plain, field.bait)) {
        if (options.signal?.aborted) break;
        values += 1;
        const words = await wordsOf(field, front, value);
        if (words.size > 0) started += 1;
        const at = `${front.tool.name}.${front.argument} = ${JSON.stringify(value.slice(0, 200))}`;
        problems.push(...strangeWords(words, usual, asBytes(value), plain).map((word) => `${at}: started with ${JSON.stringify(word)}`));
        problems.push(...field.answerProblems.splice(0).map((said) => `${at}: ${said}`));
        problems.push(...field.touched().map((said) => `${at}: ${said}`));
        if (problems.length > 20) return { values, started, tools: tools.length, arguments: fronts.length, problems };
      }
    }
    problems.push(...field.strangers());
    return { values, started, tools: tools.length, arguments: fronts.length, problems };
  } finally {
    await field.close();
  }
}

/** Words of every program that one call started; the plain call where no value is given. */
async function wordsOf(field: Field, { tool, argument, isList, plain }: Front, value: string | undefined): Promise<Set<string>> {
  const given = value === undefined ? {} : { [argument]: isList ? [value] : value };
  const { result } = await callTool(
    field.server.definition,
    tool.name,
    { ...plain, ...given },
    { client: { name: "attacker", version: "1" } },
  );
  const code = (result.data["error"] as { code?: string } | undefined)?.code;
  if (code === "unexpected") field.answerProblems.push(`not foreseen: ${result.text.slice(0, 300)}`);
  return field.words();
}

/**
 * Words that a plain call does not have: neither its own, nor the value whole, where that is no option. Of options with an
 * equals sign the name must be one of the plain call's, and the rest the value, or what changes with every call.
 */
function strangeWords(words: ReadonlySet<string>, usual: ReadonlySet<string>, value: string, plain: string): string[] {
  // A value that is a name after all may stand wherever the plain one stood.
  const isName = /^[a-z0-9][a-z0-9.-]*$/.test(value);
  const named = new Set(isName ? [...usual].map((word) => word.replaceAll(plain, value)) : []);
  const nameOf = (word: string): string => /^(--[a-z-]+=|[a-z.]+fluxcd\.io\/[A-Za-z]+=)/.exec(word)?.[1] ?? "";
  const names = new Set([...usual].map(nameOf).filter((name) => name !== ""));
  const isKept = (word: string): boolean => {
    if (usual.has(word) || named.has(word) || (word === value && !word.startsWith("-"))) return true;
    const name = nameOf(word);
    if (!names.has(name)) return false;
    return CHANGING.test(name) || word.slice(name.length) === value;
  };
  return [...words].filter((word) => !isKept(word));
}
/** A text as a program is given it: half a surrogate pair has no bytes. */
const asBytes = (text: string): string => Buffer.from(text).toString();

/** Times in patches and annotations; templates follow the kind that is asked for. */
const CHANGING = /^--patch=|fluxcd\.io\/|^--output=|^--template=/;

/** What the attack runs against. */
interface Field {
  readonly sshd: Sshd;
  readonly server: MachinesServer;
  readonly bait: Bait;
  readonly answerProblems: string[];
  /** Words of the programs that were started since it was last asked. */
  words(): Set<string>;
  /** What became of the canaries since it was last asked. */
  touched(): string[];
  /** Who else was reached. */
  strangers(): string[];
  close(): Promise<void>;
}

async function openField(): Promise<Field> {
  const folder = mkdtempSync(join(tmpdir(), "hostile-"));
  chmodSync(folder, 0o755);
  const [bin, calls, canaries] = ["bin", "calls", "canaries"].map((name) => join(folder, name)) as [string, string, string];
  for (const path of [bin, calls, canaries]) mkdirSync(path);
  for (const path of [calls, canaries]) chmodSync(path, 0o777);
  const cluster = await startStandInCluster();
  chmodSync(join(cluster.kubeconfig, ".."), 0o755);
  chmodSync(cluster.kubeconfig, 0o644);
  await cluster.apply(OBJECTS);
  const record = `f=$(mktemp ${calls}/XXXXXX); printf '%s\\000' "$@" > "$f"`;
  script(join(bin, "kubectl"), `${record}\nHOME=${calls}/../home exec ${KUBECTL} --kubeconfig=${cluster.kubeconfig} "$@"`);
  script(join(bin, "tsh"), `${record}\n${TSH}`);
  script(join(bin, "canary"), `echo ran > ${canaries}/ran-$$`);
  writeFileSync(join(canaries, "file"), "untouched\n", { mode: 0o666 });
  const sshd = await startSshd({ env: { PATH: `${bin}:/usr/bin:/bin` } });
  const trap = await openTrap();
  const server = await machinesServer(configOf(sshd, join(bin, "tsh")), { PATH: `${bin}:/usr/bin:/bin` });
  const homes = [join(server.folder, "project"), sshd.home(sshd.user)];
  const look = (): string => JSON.stringify([canaries, ...homes].map((path) => lookInto(path)));
  let before = look();
  const field: Field = {
    sshd,
    server,
    bait: { program: "canary", file: join(canaries, "file"), trap: trap.address },
    answerProblems: [],
    words() {
      const files = readdirSync(calls).map((name) => join(calls, name));
      const words = files.flatMap((file) => readFileSync(file, "utf8").split("\0").slice(0, -1));
      for (const file of files) rmSync(file);
      return new Set(words);
    },
    touched() {
      const now = look();
      if (now === before && trap.reached() === 0) return [];
      const said = now === before ? `${trap.address} was reached` : `a canary was touched: ${now}`;
      before = now;
      return [said];
    },
    strangers() {
      const others = [...sshd.log().matchAll(/Accepted \S+ for (\S+) /g)].map(([, user]) => user).filter((user) => user !== sshd.user);
      return [...new Set(others)].map((user) => `the account ${user} was logged in to`);
    },
    async close() {
      await server.remove();
      await Promise.all([sshd.stop(), cluster.stop(), trap.close()]);
      rmSync(folder, { recursive: true, force: true });
    },
  };
  return field;
}

/** Each file with its content. */
function lookInto(folder: string): string[] {
  const names = readdirSync(folder, { recursive: true, encoding: "utf8" }).toSorted();
  return names.map((name) => {
    const path = join(folder, name);
    return statSync(path).isFile() ? `${name}: ${readFileSync(path, "utf8").slice(0, 200)}` : name;
  });
}

function script(path: string, text: string): void {
  writeFileSync(path, `#!/bin/sh\n${text}\n`, { mode: 0o755 });
}

/** Counts who connects. */
async function openTrap(): Promise<{ address: string; reached(): number; close(): Promise<void> }> {
  let count = 0;
  const server = createServer((socket) => {
    count += 1;
    socket.destroy();
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as { port: number };
  return {
    address: `127.0.0.1:${port}`,
    reached: () => count,
    close: () => new Promise((resolve) => void server.close(() => resolve())),
  };
}

/** Enough of tsh that every tool comes as far as to start it with what it was given. */
const TSH = `case "$*" in
  *version*) echo '{"version":"17.1.0"}' ;;
  *status*) echo '{"active":{"profile_url":"https://127.0.0.1:9","username":"ann","cluster":"tele","roles":["access"],"logins":["ops"],"valid_until":"2099-01-01T00:00:00Z"},"profiles":[]}' ;;
  *request*create*) echo 'Request ID: 00000000-0000-0000-0000-000000000000' ;;
  *request*) echo '[{"metadata":{"name":"00000000-0000-0000-0000-000000000000"},"spec":{"user":"ann","roles":["access"],"state":1}}]' ;;
  *ssh*) printf 'ERROR: access denied to x connecting to y\\n' >&2; exit 1 ;;
  *) echo '[]' ;;
esac`;

/** Free commands ask, but for \`echo\` with plain words. */
function configOf(sshd: Sshd, tsh: string): string {
  const host = (name: string): object => ({ name, host: sshd.host, port: sshd.port, labels: { env: "staging" } });
  const ssh = { hosts: [host("web1"), host("web2")], known_hosts: [sshd.knownHosts], identity_files: [sshd.clientKey] };
  return JSON.stringify({
    remote: {
      tsh_path: tsh,
      clusters: {
        staging: { transport: "ssh", user: sshd.user, ssh },
        tele: { user: "ops", teleport: { proxy: "127.0.0.1:9" } },
      },
    },
    environments: [
      {
        name: "test",
        match: { clusters: ["staging"] },
        remote: { cluster: "staging", node: "web1", allow: [{ program: "echo" }] },
      },
    ],
  });
}

const OBJECTS = [
  {
    apiVersion: "source.toolkit.fluxcd.io/v1",
    kind: "GitRepository",
    metadata: { name: "apps", namespace: "flux-system" },
    spec: { url: "https://example.com/apps.git", interval: "1m" },
  },
  {
    apiVersion: "kustomize.toolkit.fluxcd.io/v1",
    kind: "Kustomization",
    metadata: { name: "apps", namespace: "flux-system" },
    spec: { interval: "1m", path: "./", prune: true, suspend: true, sourceRef: { kind: "GitRepository", name: "apps" } },
  },
];

/** Values that each argument takes. Machines are those of the sshd, but for what asks Teleport itself. */
function frontsOf(tool: Tool, sshd: Sshd): Front[] {
  const { properties = {} } = listTool(tool).inputSchema;
  const isTeleport = /teleport_(proxy|status|access)|^get_teleport|^request_teleport/.test(tool.name);
  const usual: Record<string, unknown> = {
    cluster: isTeleport ? "tele" : "staging",
    node: "web1",
    nodes: ["web1"],
    user: sshd.user,
    command: "echo hello",
    name: "apps",
    namespace: "flux-system",
    kind: /sources/.test(tool.name) ? "GitRepository" : "Kustomization",
    component: "kustomize-controller",
    level: "error",
    since: "5m",
    filter: "web",
    roles: ["access"],
    reason: "because",
    wait_seconds: 0,
  };
  const plain = Object.fromEntries(Object.keys(properties).flatMap((key) => (key in usual ? [[key, usual[key]]] : [])));
  return Object.entries(properties as Record<string, { type?: string; items?: { type?: string } }>).flatMap(([argument, schema]) => {
    const isList = schema.type === "array";
    if (schema.type !== "string" && schema.items?.type !== "string") return [];
    return [{ tool, argument, isList, plain: { ...plain, ...actionOf(tool.name, argument) } }];
  });
}

/** What a tool of several actions is asked to do. */
function actionOf(tool: string, argument: string): Record<string, unknown> {
  if (tool === "change_flux_object") return { action: "suspend" };
  if (tool !== "request_teleport_access") return {};
  return argument === "id" ? { action: "status", id: "00000000-0000-0000-0000-000000000000" } : { action: "create" };
}

/** A number of a text, the same each time. */
function hash(text: string): number {
  return [...text].reduce((sum, letter) => (Math.imul(sum, 31) + letter.charCodeAt(0)) >>> 0, 7);
}
