// The second mode: OpenSSH through `tsh proxy ssh`, with certificates of an authority for accounts and machines, as Teleport issues them.
import { remotePolicy } from "../../packages/remote-command/src/testing/remote-settings.ts";
import { openTeleportTransport } from "../../packages/remote-command/src/teleport/teleport-transport.ts";
import { openRemote, type ExecEnd, type Target, type Transport } from "@platform-ops/remote-command";
import { mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { until } from "../support/processes.ts";
import { SSHD_MISSING, startSshd, type Sshd } from "../support/sshd.ts";
import { makeAuthority, writeProfileKeys, type Authority } from "../support/tsh/authority.ts";
import { remoteSettings, surroundingsOf, teleportCluster } from "../support/tsh/settings.ts";
import { startTsh, type EmulatedTsh } from "../support/tsh/start-tsh.ts";
import type { EmulatedTeleport } from "../support/tsh/state.ts";

interface Ran extends ExecEnd {
  readonly stdout: string;
  readonly stderr: string;
}

const CLUSTER = "loop.test";
const WEB1 = "9c3a0edb-3464-4b4f-af26-225e88cbf95f";

describe.skipIf(SSHD_MISSING !== undefined)(`commands by OpenSSH through tsh ${SSHD_MISSING ?? ""}`, () => {
  let sshd: Sshd;
  let tsh: EmulatedTsh;
  let authority: Authority;
  let fresh: EmulatedTeleport;
  const opened: Transport[] = [];

  beforeAll(async () => {
    // db1 is left out: the machine behind it can then not prove that it is db1.
    authority = makeAuthority(CLUSTER, ["web1", WEB1, "web2"]);
    sshd = await startSshd({ config: authority.sshdConfig });
    tsh = await startTsh(sshd);
    fresh = tsh.state();
  });
  afterAll(async () => {
    tsh.remove();
    rmSync(authority.folder, { recursive: true });
    await sshd.stop();
  });
  beforeEach(() => tsh.change((state) => Object.assign(state, structuredClone({ ...fresh, identities: {}, profiles: {} }))));
  afterEach(async () => {
    await Promise.all(opened.splice(0).map((transport) => transport.close()));
  });

  function identity(validity?: string): string {
    const file = tsh.identity("alice");
    writeFileSync(file, authority.identity(sshd.user, validity), { mode: 0o600 });
    return file;
  }

  function open(file: string | undefined = identity()): Transport {
    const settings = remoteSettings(tsh, {
      lab: teleportCluster(tsh, { mode: "openssh", ...(file === "" ? {} : { identity_file: file }) }),
    });
    const transport = openTeleportTransport("lab", settings, surroundingsOf(tsh));
    opened.push(transport);
    return transport;
  }

  async function exec(transport: Transport, line: string, target: Partial<Target> = {}): Promise<Ran> {
    const said = { stdout: "", stderr: "" };
    const end = await transport.exec({
      target: { cluster: "lab", node: "web1", user: sshd.user, ...target },
      line,
      input: new Uint8Array(),
      signal: new AbortController().signal,
      graceMs: 1000,
      onStdout: (chunk) => (said.stdout += Buffer.from(chunk).toString()),
      onStderr: (chunk) => (said.stderr += Buffer.from(chunk).toString()),
    });
    return { ...end, ...said };
  }

  const pipes = (): string[][] => tsh.calls().filter((call) => call.includes("proxy"));

  test("exact statuses and streams, one tsh for many commands, keys private and nothing written beside", async () => {
    const transport = open();
    const before = pipes().length;
    expect(await exec(transport, "printf out; printf err >&2; exit 7")).toMatchObject({
      how: "exited",
      exit_code: 7,
      stdout: "out",
      stderr: "err",
    });
    expect(await exec(transport, "-x")).toMatchObject({ how: "exited", exit_code: 127 });
    const all = await Promise.all([1, 2, 3, 4].map((status) => exec(transport, `exit ${status}`)));
    expect(all.map(({ exit_code }) => exit_code)).toEqual([1, 2, 3, 4]);
    expect(pipes().length - before).toBe(1);
    expect(pipes().at(-1)?.slice(2)).toEqual([
      `--proxy=${tsh.proxy}`,
      "--insecure",
      "proxy",
      "ssh",
      "--cluster=loop.test",
      `${sshd.user}@web1.loop.test:3022`,
    ]);
    const kept = join(surroundingsOf(tsh).runtimeFolder, "teleport");
    for (const name of readdirSync(kept).filter((file) => !file.endsWith(".log"))) expect(statSync(join(kept, name)).mode & 0o077).toBe(0);
    expect(statSync(kept).mode & 0o777).toBe(0o700);
  });

  test("a machine by its id", async () => {
    expect(await exec(open(), "echo ok", { node: WEB1 })).toMatchObject({ how: "exited", exit_code: 0, stdout: "ok\n" });
  });

  test("a machine whose certificate is for another name is not believed", async () => {
    expect(await exec(open(), "echo ran", { node: "db1" })).toMatchObject({
      how: "refused",
      stdout: "",
      failure: { code: "host_key_unknown" },
    });
  });

  test("tsh's own refusals have their codes, and are not tried again and again", async () => {
    const transport = open();
    const before = pipes().length;
    expect(await exec(transport, "true", { node: "nosuch" })).toMatchObject({ how: "refused", failure: { code: "node_unknown" } });
    expect(pipes().length - before).toBe(1);
    tsh.change((state) => (state.proxies = []));
    expect(await exec(transport, "true", { node: "web2" })).toMatchObject({ how: "refused", failure: { code: "proxy_unreachable" } });
  });

  test("an expired certificate, a login that is not in it, an identity file that is none", async () => {
    expect(await exec(open(identity("-2d:-1d")), "true")).toMatchObject({ how: "refused", failure: { code: "authentication_failed" } });
    expect(await exec(open(), "true", { user: "mallory" })).toMatchObject({ how: "refused", failure: { code: "authentication_failed" } });
    const none = tsh.identity("alice");
    expect(await exec(open(none), "true")).toMatchObject({
      how: "refused",
      failure: { code: "not_logged_in", message: expect.stringContaining("private key") },
    });
    expect(await exec(open("/nowhere/identity"), "true")).toMatchObject({ how: "refused", failure: { code: "not_logged_in" } });
  });

  test("an identity file that was renewed in place is used by the next connection", async () => {
    const file = identity("-2d:-1d");
    const transport = open(file);
    expect(await exec(transport, "true")).toMatchObject({ how: "refused" });
    identity();
    expect(await exec(transport, "true")).toMatchObject({ how: "exited", exit_code: 0 });
  });

  test("with the profile of a person: keys where `tsh config` says", async () => {
    const transport = open("");
    expect(await exec(transport, "true")).toMatchObject({ how: "refused", failure: { code: "not_logged_in" } });
    tsh.login("alice");
    const key = join(tsh.home, "keys/127.0.0.1/alice");
    const certificate = `${key}-ssh/${CLUSTER}-cert.pub`;
    mkdirSync(dirname(certificate), { recursive: true });
    writeProfileKeys({ key, certificate, knownHosts: join(tsh.home, "known_hosts") }, authority.identity(sshd.user));
    // Teleport 13 signs by RSA only, and its configuration says so; ours signs by Ed25519.
    expect(await exec(transport, "true")).toMatchObject({ how: "refused", failure: { code: "node_unreachable" } });
    tsh.change((state) => (state.host_key_algorithms = "ssh-ed25519-cert-v01@openssh.com"));
    expect(await exec(transport, "exit 5")).toMatchObject({ how: "exited", exit_code: 5 });
  });

  test.each([{ node: "env=prod" }, { node: "-oProxyCommand=id" }, { user: "$(id)" }, { user: "a$HOME" }, { user: "-l" }])(
    "%j starts nothing",
    async (target) => {
      const before = tsh.calls().length;
      expect(await exec(open(), "true", target)).toMatchObject({ how: "refused", failure: { code: "invalid_input" } });
      expect(tsh.calls().length).toBe(before);
    },
  );

  test("the connection breaks midway: lost", async () => {
    const transport = open();
    const running = exec(transport, "echo begun; sleep 60");
    await until(() => sshd.descendants().some((pid) => commandOf(pid).includes("sleep")) || undefined, "the command to run", 20);
    for (const pid of sshd.descendants()) if (commandOf(pid).startsWith("sshd:")) process.kill(pid, "SIGKILL");
    expect(await running).toMatchObject({ how: "lost", exit_code: null, stdout: "begun\n", failure: { code: "connection_lost" } });
    expect(await exec(transport, "echo again")).toMatchObject({ how: "exited", stdout: "again\n" });
  });

  test("through the door, with its envelope: a time limit ends the remote side", async () => {
    const file = identity();
    const settings = remoteSettings(tsh, { lab: teleportCluster(tsh, { mode: "openssh", identity_file: file }) });
    const policy = remotePolicy();
    const remote = openRemote({ settings, policy, surroundings: surroundingsOf(tsh), graceSeconds: 1 });
    const target = { cluster: "lab", node: "web1", user: sshd.user };
    const options = { effect: "read", timeoutMs: 1000, capture: { for: "model", maxBytes: 10_000 } } as const;
    const ran = await remote.run(target, { kind: "program", program: "sleep", args: ["60"] }, options);
    expect(ran).toMatchObject({ state: "timed_out", remote: "ended" });
    await remote.close();
  });
});

function commandOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, "utf8");
  } catch {
    return "";
  }
}
