// A real OpenSSH sshd on loopback with throw-away keys, for tests. Started without PAM, so that nothing of the machine's set-up counts.
import { execFileSync, spawn, spawnSync, type ChildProcess } from "node:child_process";
import {
  chmodSync,
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { mkdtemp } from "node:fs/promises";
import { connect, createServer } from "node:net";
import { tmpdir, userInfo } from "node:os";
import { join } from "node:path";
import { until } from "./processes.ts";

const SSHD = ["/usr/sbin/sshd", "/usr/local/sbin/sshd", "/opt/homebrew/sbin/sshd"].find((path) => existsSync(path));

/** Why tests with an sshd cannot run here; undefined where they can. For `describe.skipIf`. */
export const SSHD_MISSING: string | undefined =
  SSHD === undefined || spawnSync("ssh", ["-V"]).error !== undefined
    ? "needs OpenSSH's client and server (apt-get install openssh-client openssh-server)"
    : undefined;

/** Why accounts of one sshd cannot be made here; undefined where they can: only root may give a process its own /etc/passwd. */
export const SSHD_USERS_MISSING: string | undefined =
  SSHD_MISSING ??
  (process.getuid?.() === 0 && spawnSync("unshare", ["--mount", "true"]).status === 0
    ? undefined
    : "needs root and the right to mount, to give an sshd accounts of its own");

/** The account of an sshd that names none: one of its own, without start-up files, where that can be; else the one that runs the tests. */
export const SSHD_USER: string = SSHD_USERS_MISSING === undefined ? "ops" : userInfo().username;

/** An account that exists for this sshd only. */
export interface SshdUser {
  name: string;
  /** A program, by default /bin/bash; or `busybox:sh`, an applet by a link. */
  shell?: string;
  /** Start-up files by name, for example `.bashrc`; none by default, as also the skeleton is not copied. */
  files?: Record<string, string>;
  /** Lines of sudoers after `<name> `, for example `ALL=(ALL) NOPASSWD: ALL`. */
  sudoers?: string[];
}

export interface SshdOptions {
  /** By default `SSHD_USER`. */
  users?: readonly SshdUser[];
  /** By default sshd's own, 10. */
  maxSessions?: number;
  /** By default sshd's own, 10:30:100. */
  maxStartups?: string;
  /** Variables of every session. */
  env?: Record<string, string>;
  /** Further lines of sshd_config. */
  config?: readonly string[];
  /** By default ed25519 only. */
  hostKeyTypes?: readonly ("ed25519" | "ecdsa" | "rsa")[];
  /** Addresses of the loopback network to listen on, at most 15, beside 127.0.0.1. */
  addresses?: readonly string[];
  /** Public keys that may log in, beside the client key made here. */
  authorizedKeys?: readonly string[];
}

export interface Sshd {
  readonly host: "127.0.0.1";
  readonly port: number;
  /** The first of the accounts. */
  readonly user: string;
  /** Public host key of the first type: `ssh-ed25519 AAAA…`. */
  readonly hostKey: string;
  /** A known_hosts file with all current host keys under [127.0.0.1]:port. */
  readonly knownHosts: string;
  /** Private key that may log in, without a passphrase; the public one is beside it (.pub). */
  readonly clientKey: string;
  /** Everything of this sshd; world-readable but for the keys. */
  readonly folder: string;
  /** Home of an account made here. */
  home(user: string): string;
  /** Arguments for `ssh`, before the command: key, known_hosts, port, no configuration, `user@host`. */
  sshArgs(user?: string): string[];
  /** What sshd wrote, from its last start on. */
  log(): string;
  /** Pids of the connections' sshd processes and of all that they started, as far as they are still its descendants. */
  descendants(): number[];
  /** Again with the same port, accounts and keys, after files that its configuration names were changed. */
  restart(): Promise<void>;
  /** The same port and accounts with other host keys; `knownHosts` keeps the old ones, the new ones are returned. */
  restartWithNewHostKey(): Promise<string>;
  /** Ends the listener only: connections live on. */
  stopListening(): Promise<void>;
  /** Ends all of it and removes the folder. */
  stop(): Promise<void>;
}

/** Starts sshd on a free port of 127.0.0.1 and waits until it answers. Stop it by `stop()`. */
export async function startSshd(options: SshdOptions = {}): Promise<Sshd> {
  if (SSHD === undefined) throw new Error(SSHD_MISSING);
  const folder = await mkdtemp(join(tmpdir(), "sshd-"));
  chmodSync(folder, 0o755);
  // sshd of root insists on this folder, which Debian's service makes.
  if (process.getuid?.() === 0) mkdirSync("/run/sshd", { recursive: true, mode: 0o755 });
  const types = options.hostKeyTypes ?? ["ed25519"];
  const users = options.users ?? (SSHD_USERS_MISSING === undefined ? [{ name: SSHD_USER }] : []);
  const user = users[0]?.name ?? SSHD_USER;
  const port = await freePort();
  const clientKey = join(folder, "client");
  newKey(clientKey, "ed25519");
  writeFileSync(join(folder, "authorized"), [readFileSync(`${clientKey}.pub`, "utf8"), ...(options.authorizedKeys ?? [])].join("\n"));
  const prefix = users.length > 0 ? ownAccounts(folder, users) : [];
  const knownHosts = join(folder, "known_hosts");
  const log = join(folder, "log");
  let listener: ChildProcess | undefined;

  const start = async (): Promise<void> => {
    writeFileSync(join(folder, "sshd_config"), configOf(folder, port, types, options));
    const out = openSync(log, "w");
    const [program = "", ...args] = [...prefix, SSHD, "-D", "-e", "-f", join(folder, "sshd_config")];
    listener = spawn(program, args, { stdio: ["ignore", out, out], cwd: "/" });
    closeSync(out);
    const started = listener;
    await until(
      async () => {
        if (started.exitCode !== null) throw new Error(`sshd did not start: ${readFileSync(log, "utf8")}`);
        return (await answers(port)) ? true : undefined;
      },
      "sshd to answer",
      20,
    );
  };
  const stopListening = async (): Promise<void> => {
    const running = listener;
    if (running === undefined || running.exitCode !== null || running.signalCode !== null) return;
    const ended = new Promise((resolve) => running.once("exit", resolve));
    running.kill("SIGKILL");
    await ended;
  };
  const descendants = (): number[] => (listener?.pid === undefined ? [] : descendantsOf(listener.pid));

  for (const type of types) newKey(join(folder, `host_${type}`), type);
  writeFileSync(knownHosts, knownHostsOf(folder, ["127.0.0.1", ...(options.addresses ?? [])], port, types));
  await start();
  return {
    host: "127.0.0.1",
    port,
    user,
    hostKey: publicKey(folder, types[0] ?? "ed25519"),
    knownHosts,
    clientKey,
    folder,
    home: (name) => join(folder, "home", name),
    sshArgs: (as = user) => [
      "-F",
      "none",
      "-i",
      clientKey,
      "-oIdentitiesOnly=yes",
      "-oBatchMode=yes",
      `-oUserKnownHostsFile=${knownHosts}`,
      "-oGlobalKnownHostsFile=none",
      `-p${port}`,
      `${as}@127.0.0.1`,
    ],
    log: () => readFileSync(log, "utf8"),
    descendants,
    async restart() {
      await stopListening();
      await start();
    },
    async restartWithNewHostKey() {
      await stopListening();
      for (const type of types) newKey(join(folder, `host_${type}`), type);
      await start();
      return publicKey(folder, types[0] ?? "ed25519");
    },
    stopListening,
    async stop() {
      const children = descendants();
      await stopListening();
      for (const pid of children) killQuietly(pid);
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** A port of 127.0.0.1 that nothing listens on just now. */
export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** Makes a key pair at `file`, in place of what is there. */
export function newKey(file: string, type: string, passphrase = ""): void {
  rmSync(file, { force: true });
  execFileSync("ssh-keygen", ["-q", "-t", type, "-N", passphrase, "-C", "test", "-f", file, ...(type === "rsa" ? ["-b", "2048"] : [])]);
}

function configOf(folder: string, port: number, types: readonly string[], options: SshdOptions): string {
  return [
    ...(options.config ?? []),
    `Port ${port}`,
    ...["127.0.0.1", ...(options.addresses ?? [])].map((address) => `ListenAddress ${address}`),
    ...types.map((type) => `HostKey ${join(folder, `host_${type}`)}`),
    `AuthorizedKeysFile ${join(folder, "authorized")}`,
    "StrictModes no",
    "UsePAM no",
    "UseDNS no",
    "PasswordAuthentication no",
    "KbdInteractiveAuthentication no",
    "PermitRootLogin yes",
    "PrintMotd no",
    "PrintLastLog no",
    "PidFile none",
    "LogLevel VERBOSE",
    "Subsystem sftp internal-sftp",
    ...(options.maxSessions === undefined ? [] : [`MaxSessions ${options.maxSessions}`]),
    ...(options.maxStartups === undefined ? [] : [`MaxStartups ${options.maxStartups}`]),
    ...(options.env === undefined
      ? []
      : [
          `SetEnv ${Object.entries(options.env)
            .map(([name, value]) => `${name}="${value}"`)
            .join(" ")}`,
        ]),
    "",
  ].join("\n");
}

/**
 * Accounts that only this sshd and what it starts see: a mount namespace in which passwd, shadow, group and sudoers.d are files of ours.
 * The machine's own are not touched. Answers the words that go before the program.
 */
function ownAccounts(folder: string, users: readonly SshdUser[]): string[] {
  const etc = join(folder, "etc");
  mkdirSync(join(etc, "sudoers.d"), { recursive: true });
  const lines = users.map((user, index) => ({ ...user, id: 21_000 + index, home: join(folder, "home", user.name) }));
  for (const { id, home, files = {} } of lines) {
    mkdirSync(home, { recursive: true, mode: 0o755 });
    for (const [name, text] of Object.entries(files)) writeFileSync(join(home, name), text);
    execFileSync("chown", ["-R", `${id}:${id}`, home]);
  }
  const own = (file: string, line: (user: (typeof lines)[number]) => string, mode: number): void => {
    writeFileSync(join(etc, file), `${readFileSync(`/etc/${file}`, "utf8").trimEnd()}\n${lines.map(line).join("\n")}\n`, { mode });
  };
  own("passwd", ({ name, id, home, shell }) => `${name}:x:${id}:${id}::${home}:${shellPath(folder, shell)}`, 0o644);
  own("group", ({ name, id }) => `${name}:x:${id}:`, 0o644);
  own("shadow", ({ name }) => `${name}:*:19000:0:99999:7:::`, 0o640);
  const rules = lines.flatMap(({ name, sudoers = [] }) => sudoers.map((line) => `${name} ${line}`));
  writeFileSync(join(etc, "sudoers.d/test"), `${rules.join("\n")}\n`, { mode: 0o440 });
  const script =
    'etc=$1; shift; for file in passwd group shadow sudoers.d; do [ ! -e "/etc/$file" ] || mount --bind "$etc/$file" "/etc/$file" || exit 1; done; exec "$@"';
  return ["unshare", "--mount", "--propagation", "private", "sh", "-c", script, "accounts", etc];
}

function shellPath(folder: string, shell = "/bin/bash"): string {
  if (!shell.startsWith("busybox:")) return shell;
  const applet = shell.slice("busybox:".length);
  const link = join(folder, "busybox", applet);
  mkdirSync(join(folder, "busybox"), { recursive: true });
  const busybox = ["/bin/busybox", "/usr/bin/busybox"].find((path) => existsSync(path));
  if (busybox === undefined) throw new Error("needs busybox (apt-get install busybox)");
  if (!existsSync(link)) symlinkSync(busybox, link);
  return link;
}

function publicKey(folder: string, type: string): string {
  return readFileSync(join(folder, `host_${type}.pub`), "utf8")
    .split(" ")
    .slice(0, 2)
    .join(" ")
    .trim();
}

function knownHostsOf(folder: string, addresses: readonly string[], port: number, types: readonly string[]): string {
  return addresses.flatMap((address) => types.map((type) => `[${address}]:${port} ${publicKey(folder, type)}\n`)).join("");
}

function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host: "127.0.0.1", port });
    socket.setTimeout(2000, () => socket.destroy());
    socket.once("data", () => {
      socket.destroy();
      resolve(true);
    });
    socket.once("error", () => resolve(false));
    socket.once("close", () => resolve(false));
  });
}

function descendantsOf(root: number): number[] {
  const children = new Map<number, number[]>();
  for (const name of existsSync("/proc") ? readdirSync("/proc") : []) {
    if (!/^\d+$/.test(name)) continue;
    try {
      // After the program's name in parentheses come its state and its parent.
      const parent = Number(/^.*\) \S (\d+)/s.exec(readFileSync(`/proc/${name}/stat`, "utf8"))?.[1]);
      children.set(parent, [...(children.get(parent) ?? []), Number(name)]);
    } catch {
      // It ended while we looked.
    }
  }
  const found: number[] = [];
  const walk = (pid: number): void => {
    for (const child of children.get(pid) ?? []) {
      found.push(child);
      walk(child);
    }
  };
  walk(root);
  return found;
}

function killQuietly(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch {
    // It ended by itself.
  }
}
