import { execFileSync } from "node:child_process";
import { appendFileSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type AddressInfo } from "node:net";
import { homedir, tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import { openOpenSshTransport } from "../../packages/remote-command/src/openssh/openssh-transport.ts";
import { pidsOf, until } from "../support/processes.ts";
import { runLine, sshCluster } from "../support/ssh-cluster.ts";
import { freePort, newKey, SSHD_MISSING, SSHD_USER, startSshd, type Sshd, type SshdOptions } from "../support/sshd.ts";

const closers: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).toReversed()) await close();
});

async function sshd(options?: SshdOptions): Promise<Sshd> {
  const server = await startSshd(options);
  closers.push(() => server.stop());
  return server;
}

function scratch(): string {
  const folder = mkdtempSync(join(tmpdir(), "openssh-test-"));
  closers.push(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

function transportTo(server: Sshd, changes: Parameters<typeof sshCluster>[1] = {}, connectTimeoutMs = 15_000) {
  const runtimeFolder = join(scratch(), "run");
  const surroundings = { env: { PATH: process.env["PATH"] }, home: homedir(), platform: process.platform, runtimeFolder };
  const transport = openOpenSshTransport({ cluster: "lab", settings: sshCluster(server, changes), connectTimeoutMs }, surroundings);
  closers.push(() => transport.close());
  return Object.assign(transport, { runtimeFolder });
}

describe.skipIf(SSHD_MISSING !== undefined)(`the openssh transport${SSHD_MISSING === undefined ? "" : `: ${SSHD_MISSING}`}`, () => {
  it("tells exit status, streams and death by a signal apart, although ssh itself ends with 255 for several of them", async () => {
    const transport = transportTo(await sshd());
    expect(await runLine(transport, "echo out; echo err >&2; exit 7")).toMatchObject({
      how: "exited",
      exit_code: 7,
      stdout: "out\n",
      stderr: "err\n",
    });
    expect(await runLine(transport, "kill -TERM $$")).toMatchObject({ how: "signalled", exit_code: null });
    expect(await runLine(transport, "echo ERROR; exit 255")).toMatchObject({ how: "exited", exit_code: 255, stdout: "ERROR\n" });
  });

  it("gives a word that looks like an option, and one with newlines, to the machine and not to ssh", async () => {
    const transport = transportTo(await sshd());
    expect(await runLine(transport, "printf '%s|' -oProxyCommand=x -- 'a\nb'")).toMatchObject({
      exit_code: 0,
      stdout: "-oProxyCommand=x|--|a\nb|",
    });
  });

  it("keeps stdin open after the input, writes the go-ahead, and closes it where it is told to", async () => {
    const transport = transportTo(await sshd());
    const input = Buffer.from("12345");
    expect(await runLine(transport, "wc -c", { input, endInput: true })).toMatchObject({ stdout: "5\n" });
    const goAhead = Promise.resolve(Buffer.from("go\n"));
    expect(await runLine(transport, "head -c 5; read -r word; echo $word", { input, goAhead })).toMatchObject({ stdout: "12345go\n" });
  });

  it("shares connections: twelve commands at once use three, and further ones none more", async () => {
    const server = await sshd();
    const transport = transportTo(server);
    const runs = await Promise.all(Array.from({ length: 12 }, (_, index) => runLine(transport, `sleep 0.5; exit ${index}`)));
    expect(runs.map((run) => run.exit_code)).toEqual(Array.from({ length: 12 }, (_, index) => index));
    await runLine(transport, "true");
    expect(server.log().match(/Accepted publickey/g)).toHaveLength(3);
  });

  it("leaves no process, socket or log behind", async () => {
    const server = await sshd();
    const transport = transportTo(server);
    await runLine(transport, "true");
    expect(readdirSync(transport.runtimeFolder).filter((name) => name.startsWith("m-"))).toHaveLength(1);
    await transport.close();
    expect(readdirSync(transport.runtimeFolder).filter((name) => !name.startsWith("ssh_config"))).toEqual([]);
    await until(() => pidsOf("ssh", transport.runtimeFolder).length === 0, "the shared connection to be gone", 10);
  });

  it("ends as lost when the connection is cut in the middle of a command, and goes on by a new one", async () => {
    const server = await sshd();
    const transport = transportTo(server);
    const run = runLine(transport, "echo begun; sleep 61");
    await until(() => pidsOf("sleep", "61").some((pid) => server.descendants().includes(pid)), "the command to run", 10);
    for (const pid of server.descendants()) process.kill(pid, "SIGKILL");
    expect(await run).toMatchObject({ how: "lost", stdout: "begun\n", stderr: "", failure: { code: "connection_lost" } });
    expect(await runLine(transport, "echo back")).toMatchObject({ how: "exited", stdout: "back\n" });
  });

  it("closes stdin on cancel, waits, and then ends the client", async () => {
    const transport = transportTo(await sshd());
    const cancel = async (line: string) => {
      const controller = new AbortController();
      const run = runLine(transport, line, { signal: controller.signal, graceMs: 300 });
      setTimeout(() => controller.abort(), 800);
      return await run;
    };
    expect(await cancel("cat > /dev/null; exit 3")).toMatchObject({ how: "exited", exit_code: 3 });
    expect(await cancel("exec sleep 30")).toMatchObject({ how: "lost", failure: { code: "connection_lost" } });
  });

  it("refuses a host that nobody vouched for, a changed key and a revoked one, with the cure", async () => {
    const server = await sshd();
    const file = join(scratch(), "known_hosts");
    writeFileSync(file, "");
    const unknown = await runLine(transportTo(server, { known_hosts: [file] }), "true");
    expect(unknown).toMatchObject({ how: "refused", failure: { code: "host_key_unknown" } });
    const scan = /`(ssh-keyscan [^`]+)`/.exec(unknown.failure?.hint ?? "")?.[1] ?? "false";
    writeFileSync(file, execFileSync("sh", ["-c", scan], { stdio: ["ignore", "pipe", "ignore"] }));
    expect(await runLine(transportTo(server, { known_hosts: [file] }), "echo in")).toMatchObject({ stdout: "in\n" });

    appendFileSync(file, `@revoked * ${server.hostKey}\n`);
    expect((await runLine(transportTo(server, { known_hosts: [file] }), "true")).failure).toMatchObject({ code: "host_key_changed" });

    const key = await server.restartWithNewHostKey();
    const changed = await runLine(transportTo(server), "true");
    expect(changed).toMatchObject({ how: "refused", failure: { code: "host_key_changed" } });
    const command = /`(ssh-keygen -R [^`]+)`/.exec(changed.failure?.hint ?? "")?.[1] ?? "false";
    execFileSync("sh", ["-c", command], { stdio: "ignore" });
    appendFileSync(server.knownHosts, `[127.0.0.1]:${server.port} ${key}\n`);
    expect(await runLine(transportTo(server), "echo in")).toMatchObject({ stdout: "in\n" });
  });

  it("logs in by a certificate, which our own connections cannot", async () => {
    const folder = scratch();
    newKey(join(folder, "ca"), "ed25519");
    newKey(join(folder, "key"), "ed25519");
    execFileSync("ssh-keygen", ["-q", "-s", join(folder, "ca"), "-I", "test", "-n", SSHD_USER, "-V", "+1h", join(folder, "key.pub")]);
    const server = await sshd({ config: [`TrustedUserCAKeys ${join(folder, "ca.pub")}`] });
    expect(await runLine(transportTo(server, { identity_files: [join(folder, "key")] }), "echo in")).toMatchObject({ stdout: "in\n" });
    rmSync(join(folder, "key-cert.pub"));
    expect((await runLine(transportTo(server, { identity_files: [join(folder, "key")] }), "true")).failure).toMatchObject({
      code: "authentication_failed",
    });
  });

  it("accepts a host by its certificate authority", async () => {
    const folder = scratch();
    newKey(join(folder, "ca"), "ed25519");
    const server = await sshd({ config: [`HostCertificate ${join(folder, "host-cert.pub")}`] });
    writeFileSync(join(folder, "host.pub"), `${server.hostKey} host\n`);
    execFileSync("ssh-keygen", ["-q", "-s", join(folder, "ca"), "-I", "host", "-h", "-n", "127.0.0.1", join(folder, "host.pub")]);
    await server.restart();
    const authority = readFileSync(join(folder, "ca.pub"), "utf8");
    const file = join(folder, "known_hosts");
    writeFileSync(file, `@cert-authority [127.0.0.1]:${server.port} ${authority}`);
    expect(await runLine(transportTo(server, { known_hosts: [file] }), "echo in")).toMatchObject({ stdout: "in\n" });
  });

  it("reads the operator's ssh_config where it is told to, and only then", async () => {
    const server = await sshd();
    const file = join(scratch(), "config");
    writeFileSync(
      file,
      `Host shortcut\n  HostName 127.0.0.1\n  Port ${server.port}\n  IdentityFile ${server.clientKey}\n  UserKnownHostsFile ${server.knownHosts}\n`,
    );
    const hosts = [{ name: "web1", host: "shortcut", port: server.port, labels: {} }];
    const changes = { hosts, identity_files: [], known_hosts: ["/dev/null"] };
    expect(await runLine(transportTo(server, { ...changes, config_file: file }), "echo in")).toMatchObject({ stdout: "in\n" });
    expect((await runLine(transportTo(server, changes), "true")).failure).toMatchObject({ code: "node_unreachable" });
  });

  it("goes through a jump host, whose host key is checked, and tells which of both is away", async () => {
    const [inner, jump] = [await sshd(), await sshd()];
    const both = join(scratch(), "known_hosts");
    writeFileSync(both, readFileSync(inner.knownHosts, "utf8") + readFileSync(jump.knownHosts, "utf8"));
    const changes = {
      jump: `${SSHD_USER}@127.0.0.1:${jump.port}`,
      identity_files: [inner.clientKey, jump.clientKey],
      known_hosts: [both],
    };
    expect(await runLine(transportTo(inner, changes), "echo in")).toMatchObject({ stdout: "in\n" });
    expect(jump.log()).toContain("Accepted publickey");
    expect((await runLine(transportTo(inner, { ...changes, known_hosts: [inner.knownHosts] }), "true")).failure).toMatchObject({
      code: "host_key_unknown",
      message: expect.stringContaining("jump host"),
    });
    expect((await runLine(transportTo(inner, { ...changes, known_hosts: [jump.knownHosts] }), "true")).failure).toMatchObject({
      code: "host_key_unknown",
      message: expect.not.stringContaining("jump host"),
    });
    const away = [{ name: "web1", host: "127.0.0.1", port: await freePort(), labels: {} }];
    expect((await runLine(transportTo(inner, { ...changes, hosts: away }), "true")).failure).toMatchObject({ code: "node_unreachable" });
    await jump.stop();
    expect((await runLine(transportTo(inner, changes), "true")).failure).toMatchObject({ code: "proxy_unreachable" });
  });

  it("ends a login that hangs, and tells a machine that is away", async () => {
    const server = await sshd();
    const silent = createServer((socket) => void socket.on("error", () => undefined));
    await new Promise<void>((resolve) => silent.listen(0, "127.0.0.1", resolve));
    closers.push(() => void silent.close());
    const hosts = (port: number) => [{ name: "web1", host: "127.0.0.1", port, labels: {} }];
    const port = (silent.address() as AddressInfo).port;
    expect((await runLine(transportTo(server, { hosts: hosts(port) }, 1000), "true")).failure).toMatchObject({ code: "connect_timeout" });
    expect((await runLine(transportTo(server, { hosts: hosts(await freePort()) }), "true")).failure).toMatchObject({
      code: "node_unreachable",
    });
  });

  it("works where the folder's path is too long for a socket", async () => {
    const server = await sshd();
    const runtimeFolder = join(scratch(), "a-folder-with-a-name-that-is-longer-than-a-socket-may-have".repeat(2));
    const surroundings = { env: { PATH: process.env["PATH"] }, home: homedir(), platform: process.platform, runtimeFolder };
    const transport = openOpenSshTransport({ cluster: "lab", settings: sshCluster(server) }, surroundings);
    closers.push(() => transport.close());
    expect(await runLine(transport, "echo in")).toMatchObject({ stdout: "in\n" });
  });
});
