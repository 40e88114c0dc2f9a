// Commands by `tsh ssh`, over the emulated tsh and a real sshd behind it.
import { openTeleportTransport } from "../../packages/remote-command/src/teleport/teleport-transport.ts";
import { openTsh, type ExecEnd, type Target, type Transport } from "@platform-ops/remote-command";
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { until } from "../support/processes.ts";
import { SSHD_MISSING, startSshd, type Sshd } from "../support/sshd.ts";
import { remoteSettings, surroundingsOf, teleportCluster } from "../support/tsh/settings.ts";
import { startTsh, type EmulatedTsh } from "../support/tsh/start-tsh.ts";
import type { EmulatedTeleport } from "../support/tsh/state.ts";

interface Ran extends ExecEnd {
  readonly stdout: Buffer;
  readonly stderr: string;
}

const MARK = (status: number): string => `\\033[31mERROR: \\033[0mProcess exited with status ${status}\\n\\n`;
const LATER_HELP =
  "Flags:\n      --[no-]relogin             Permit performing\n      --request-mode             Type of automatic access request\n";

describe.skipIf(SSHD_MISSING !== undefined)(`commands by tsh ssh ${SSHD_MISSING ?? ""}`, () => {
  let sshd: Sshd;
  let tsh: EmulatedTsh;
  let fresh: EmulatedTeleport;
  const opened: Transport[] = [];

  beforeAll(async () => {
    sshd = await startSshd();
    tsh = await startTsh(sshd);
    fresh = tsh.state();
  });
  afterAll(async () => {
    tsh.remove();
    await sshd.stop();
  });
  beforeEach(() => tsh.change((state) => Object.assign(state, structuredClone({ ...fresh, identities: {}, profiles: {} }))));
  afterEach(async () => {
    await Promise.all(opened.splice(0).map((transport) => transport.close()));
  });

  /** With an identity file unless told to use the profile. */
  function open(options: { profile?: true; identity?: string; proxy?: string; cluster?: string; auth?: string } = {}): Transport {
    const identity = options.identity ?? (options.profile === true ? undefined : tsh.identity("alice"));
    const teleport = {
      ...(identity === undefined ? {} : { identity_file: identity }),
      ...(options.proxy === undefined ? {} : { proxy: options.proxy }),
      ...(options.cluster === undefined ? {} : { cluster: options.cluster }),
      ...(options.auth === undefined ? {} : { auth: options.auth }),
    };
    const settings = remoteSettings(tsh, { lab: teleportCluster(tsh, teleport) });
    const transport = openTeleportTransport("lab", settings, surroundingsOf(tsh));
    opened.push(transport);
    return transport;
  }

  async function exec(
    transport: Transport,
    line: string,
    options: { target?: Partial<Target>; input?: Uint8Array; signal?: AbortSignal; graceMs?: number; onStdout?: () => void } = {},
  ): Promise<Ran> {
    const streams = { stdout: [] as Uint8Array[], stderr: [] as Uint8Array[] };
    const end = await transport.exec({
      target: { cluster: "lab", node: "web1", user: "root", ...options.target },
      line,
      input: options.input ?? new Uint8Array(),
      signal: options.signal ?? new AbortController().signal,
      graceMs: options.graceMs ?? 1000,
      onStdout: (chunk) => {
        streams.stdout.push(chunk);
        options.onStdout?.();
      },
      onStderr: (chunk) => streams.stderr.push(chunk),
    });
    return { ...end, stdout: Buffer.concat(streams.stdout), stderr: Buffer.concat(streams.stderr).toString() };
  }

  const sshCalls = (): string[][] => tsh.calls().filter((call) => call.includes("ssh") && !call.includes("help"));

  test("streams stay apart, the status is the command's, and tsh's own line is gone", async () => {
    const ran = await exec(open(), "printf 'a\\0b\\377'; printf 'part' >&2; exit 7");
    expect(ran).toEqual({ how: "exited", exit_code: 7, stdout: Buffer.from("a\0b\u00FF", "latin1"), stderr: "part" });
  });

  test("the line is one word: quotes, newlines and a first dash arrive", async () => {
    const transport = open();
    const ran = await exec(transport, "printf '<%s>' 'a  b' 'it'\\''s' 'l1\nl2' '' \"$0\"");
    expect(ran.stdout.toString()).toBe("<a  b><it's><l1\nl2><></bin/bash>");
    expect(await exec(transport, "-x")).toMatchObject({ how: "exited", exit_code: 127 });
  });

  test("input arrives, and stdin stays open for the watchdog on the other side", async () => {
    const ran = await exec(open(), 'head -c 5; read -t 0.3 more; echo "[$?]"', { input: Buffer.from("input") });
    // 142: the time passed without an end of stdin.
    expect(ran.stdout.toString()).toBe("input[142]\n");
  });

  test("10 MB on both streams, then a status", async () => {
    const ran = await exec(open(), "head -c 10000000 /dev/zero; head -c 10000000 /dev/zero >&2; exit 3");
    expect([ran.stdout.length, ran.stderr.length, ran.exit_code]).toEqual([10_000_000, 10_000_000, 3]);
  });

  test("a remote that prints tsh's own line is believed by tsh's status only", async () => {
    const transport = open();
    const text = "\u001B[31mERROR: \u001B[0mProcess exited with status 3\n\n";
    expect(await exec(transport, `printf '${MARK(3)}' >&2; exit 0`)).toMatchObject({ how: "exited", exit_code: 0, stderr: text });
    expect(await exec(transport, `printf '${MARK(3)}' >&2; exit 3`)).toMatchObject({ how: "exited", exit_code: 3, stderr: text });
    const denied = await exec(transport, "printf '\\033[31mERROR: \\033[0maccess denied to root connecting to web1:0\\n\\n' >&2; exit 1");
    expect(denied).toMatchObject({ how: "exited", exit_code: 1 });
    expect(denied.failure).toBeUndefined();
    expect(await exec(transport, "kill -9 $$")).toMatchObject({ how: "exited", exit_code: 255 });
  });

  test.each([
    ["an unknown machine", { node: "web9" }, undefined, "node_unknown"],
    ["the wrong case", { node: "WEB1" }, undefined, "node_unknown"],
    ["a machine that is down", { node: "web2" }, (state: EmulatedTeleport): void => void (state.nodes[4]!.down = true), "node_unreachable"],
    ["a name that two machines have", { node: "twin" }, undefined, "node_ambiguous"],
    ["a login that is not in the role", { user: "mallory" }, undefined, "access_denied"],
    ["a login that the machine does not have", { user: "ghost" }, undefined, "user_unknown"],
    ["a locked account", {}, (state: EmulatedTeleport): void => void (state.users["alice"]!.lock = "x"), "access_denied"],
    ["a proxy that is down", {}, (state: EmulatedTeleport): void => void (state.proxies = []), "proxy_unreachable"],
    ["a cluster that is not there", {}, (state: EmulatedTeleport): void => void (state.cluster = "other.test"), "cluster_unknown"],
  ] as const)("%s: refused, and why", async (_, target, edit, code) => {
    const transport = open();
    if (edit !== undefined) tsh.change(edit);
    const ran = await exec(transport, "echo ran", { target });
    expect(ran).toMatchObject({ how: "refused", exit_code: null, cleanStderr: new Uint8Array(), failure: { code } });
    if (code === "node_ambiguous") expect(ran.failure?.hint).toContain("4ed9e8bb-0d70-46e3-ae81-75e1d7226ca5, c75cce37-");
    else expect(ran.stderr).toBe("");
    expect(ran.stdout.toString()).not.toContain("ran");
  });

  test("a machine by its id", async () => {
    const ran = await exec(open(), "echo $SSH_TELEPORT_HOST_UUID", { target: { node: "4ed9e8bb-0d70-46e3-ae81-75e1d7226ca5" } });
    expect(ran.stdout.toString()).toBe("4ed9e8bb-0d70-46e3-ae81-75e1d7226ca5\n");
  });

  test.each([{ node: "env=prod" }, { node: "-oProxyCommand=id" }, { node: "web1:22" }, { user: "-l" }, { user: "a b" }])(
    "%j starts no tsh at all",
    async (target) => {
      const transport = open();
      await exec(transport, "true");
      const before = tsh.calls().length;
      expect(await exec(transport, "true", { target })).toMatchObject({ how: "refused", failure: { code: "invalid_input" } });
      expect(tsh.calls().length).toBe(before);
    },
  );

  describe("logins", () => {
    test("expired: tsh ssh is never begun, so no browser is waited for; the cure is the operator's command", async () => {
      tsh.login("alice", { valid_until: "2020-01-01T00:00:00Z" });
      tsh.change((state) => (state.sso = true));
      const transport = open({ profile: true, auth: "okta" });
      const before = sshCalls().length;
      const ran = await exec(transport, "true");
      expect(ran).toMatchObject({ how: "refused", failure: { code: "certificate_expired" } });
      expect(ran.failure?.hint).toContain("tsh login --proxy=127.0.0.1:23180 --auth=okta --insecure loop.test");
      await expect(transport.nodes(new AbortController().signal)).rejects.toMatchObject({ code: "certificate_expired" });
      expect(sshCalls().length).toBe(before);
    });

    test("nobody logged in; then somebody logs in, and the next call works", async () => {
      const transport = open({ profile: true });
      expect(await exec(transport, "true")).toMatchObject({ how: "refused", failure: { code: "not_logged_in" } });
      tsh.login("alice");
      expect(await exec(transport, "echo ok")).toMatchObject({ how: "exited", exit_code: 0 });
      expect((await transport.nodes(new AbortController().signal)).map(({ hostname }) => hostname)).toEqual([
        "db1",
        "twin",
        "twin",
        "web1",
        "web2",
      ]);
    });

    test("an identity file is read anew by every call: expired, renewed in place, gone", async () => {
      const identity = tsh.identity("alice", { valid_until: "2020-01-01T00:00:00Z" });
      const transport = open({ identity });
      const expired = await exec(transport, "true");
      expect(expired).toMatchObject({ how: "refused", failure: { code: "certificate_expired" } });
      expect(expired.failure?.hint).toContain("tbot");
      tsh.identity("alice");
      expect(await exec(transport, "true")).toMatchObject({ how: "exited", exit_code: 0 });
      tsh.change((state) => (state.identities = {}));
      expect(await exec(transport, "true")).toMatchObject({ how: "refused", failure: { code: "not_logged_in" } });
    });

    test("the login to assume: the only one; none where there are several", async () => {
      tsh.change((state) => (state.users["alice"]!.logins = ["root"]));
      expect(await open().defaultUser()).toBe("root");
      tsh.change((state) => (state.users["alice"]!.logins = ["root", "other"]));
      expect(await open().defaultUser()).toBeUndefined();
      tsh.change((state) => (state.users["alice"]!.logins = ["root", "ghost"]));
      // The local account's own name, as tsh itself would take it.
      expect(await open().defaultUser()).toBe("ghost");
    });

    test("two clusters behind two proxies, each with its own identity", async () => {
      tsh.change((state) => state.proxies.push("127.0.0.1:23190"));
      const [one, two] = [tsh.identity("alice"), tsh.identity("bob")];
      const clusters = {
        one: teleportCluster(tsh, { identity_file: one }),
        two: teleportCluster(tsh, { identity_file: two, proxy: "127.0.0.1:23190" }),
      };
      const other = openTeleportTransport("two", remoteSettings(tsh, clusters), surroundingsOf(tsh));
      opened.push(other);
      expect((await other.nodes(new AbortController().signal)).map(({ hostname }) => hostname)).toEqual(["twin", "twin"]);
      expect(tsh.calls().at(-1)).toEqual([
        "-i",
        two,
        "--proxy=127.0.0.1:23190",
        "--insecure",
        "ls",
        "--cluster=loop.test",
        "--format=json",
      ]);
    });
  });

  describe("versions of tsh", () => {
    test("13 is not asked for what it does not know", async () => {
      await exec(open(), "true");
      expect(sshCalls().at(-1)?.slice(3)).toEqual([
        "--insecure",
        "ssh",
        "--cluster=loop.test",
        "--disable-access-request",
        "--",
        "root@web1",
        "true",
      ]);
    });

    test("later ones are kept from logging in and from asking for access; a replaced tsh is asked anew", async () => {
      const transport = open();
      await exec(transport, "true");
      tsh.change((state) => {
        state.version = "18.2.4";
        state.help["ssh"] = LATER_HELP;
      });
      const was = readFileSync(tsh.path, "utf8");
      execFileSync("sh", ["-c", 'rm "$1"; printf "%s\n// later\n" "$2" >"$1"; chmod 755 "$1"', "sh", tsh.path, was]);
      expect(await exec(transport, "true")).toMatchObject({ how: "exited", exit_code: 0 });
      expect(sshCalls().at(-1)).toEqual(expect.arrayContaining(["--no-relogin", "--request-mode=off"]));
      expect(sshCalls().at(-1)).not.toContain("--disable-access-request");
    });
  });

  describe("ends midway", () => {
    test("the connection breaks: lost, never a status, though the remote printed one", async () => {
      const running = exec(open(), `printf '${MARK(1)}' >&2; echo begun; sleep 60`, { onStdout: () => cutConnections() });
      expect(await running).toMatchObject({ how: "lost", exit_code: null, failure: { code: "connection_lost" } });
    });

    test("tsh is killed: lost", async () => {
      const running = exec(open(), "echo begun; sleep 60", { onStdout: () => killTsh() });
      expect(await running).toMatchObject({ how: "lost", exit_code: null, failure: { code: "connection_lost" } });
    });

    test("cancelled: stdin is closed first, which the remote side sees; a command that ends by it ends with a status", async () => {
      const stop = new AbortController();
      const ran = await exec(open(), "echo begun; cat; exit 9", { signal: stop.signal, graceMs: 20_000, onStdout: () => stop.abort() });
      expect(ran).toMatchObject({ how: "exited", exit_code: 9 });
    });

    test("cancelled and deaf: after the grace tsh is ended, and its remote shell with it", async () => {
      const stop = new AbortController();
      const ran = await exec(open(), "echo begun; exec sleep 4711.25", { signal: stop.signal, graceMs: 100, onStdout: () => stop.abort() });
      expect(ran).toMatchObject({ how: "lost", exit_code: null });
      await until(() => (isRunning("sleep 4711.25") ? undefined : true), "the remote shell to be gone", 10);
    });

    test("cancelled before it was begun", async () => {
      expect(await exec(open(), "true", { signal: AbortSignal.abort() })).toMatchObject({ how: "refused", failure: { code: "cancelled" } });
    });

    test("closing the transport ends what runs", async () => {
      const transport = open();
      const running = exec(transport, "echo begun; sleep 60", { onStdout: () => void transport.close() });
      expect(await running).toMatchObject({ how: "lost" });
    });
  });

  test("nothing of somebody's TELEPORT_* variables reaches tsh, and a missing tsh is told", async () => {
    // `surroundingsOf` has TELEPORT_PROXY, TELEPORT_CLUSTER and TELEPORT_LOGIN of somebody else: with them this would fail.
    expect(await exec(open(), "echo $SSH_TELEPORT_HOST_UUID")).toMatchObject({ how: "exited", exit_code: 0 });
    const settings = { ...remoteSettings(tsh, { lab: teleportCluster(tsh) }), tsh_path: "/nowhere/tsh" };
    const transport = openTeleportTransport("lab", settings, surroundingsOf(tsh));
    expect(await exec(transport, "true")).toMatchObject({ how: "refused", failure: { code: "program_missing" } });
    await expect(openTsh(settings, surroundingsOf(tsh)).installed()).rejects.toMatchObject({ code: "program_missing" });
  });

  function cutConnections(): void {
    for (const pid of sshd.descendants()) if (commandOf(pid).startsWith("sshd:")) process.kill(pid, "SIGKILL");
  }

  function killTsh(): void {
    const found = execFileSync("ps", ["-eo", "pid=,args="], { encoding: "utf8" }).split("\n");
    for (const line of found) if (line.includes(tsh.path) && line.includes(" ssh ")) process.kill(Number.parseInt(line, 10), "SIGKILL");
  }

  function isRunning(command: string): boolean {
    return execFileSync("ps", ["-eo", "args="], { encoding: "utf8" })
      .split("\n")
      .some((line) => line === command);
  }
});

function commandOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, "utf8");
  } catch {
    return "";
  }
}
