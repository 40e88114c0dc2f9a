import { execFileSync, spawn } from "node:child_process";
import { appendFileSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type AddressInfo, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import { openSsh2Transport } from "../../packages/remote-command/src/ssh/ssh2-transport.ts";
import { pidsOf, until } from "../support/processes.ts";
import { sshCluster, runLine } from "../support/ssh-cluster.ts";
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

function transportTo(server: Sshd, changes: Parameters<typeof sshCluster>[1] = {}, options: { agent?: string } = {}) {
  const transport = openSsh2Transport({ cluster: "lab", settings: sshCluster(server, changes), ...options });
  closers.push(() => transport.close());
  return transport;
}

describe.skipIf(SSHD_MISSING !== undefined)(`the ssh transport${SSHD_MISSING === undefined ? "" : `: ${SSHD_MISSING}`}`, () => {
  it("tells exit status, both streams and death by a signal apart", async () => {
    const transport = transportTo(await sshd());
    expect(await runLine(transport, "echo out; echo err >&2; exit 7")).toMatchObject({
      how: "exited",
      exit_code: 7,
      stdout: "out\n",
      stderr: "err\n",
    });
    expect(await runLine(transport, "kill -TERM $$")).toMatchObject({ how: "signalled", exit_code: null, signal: "SIGTERM" });
    expect(await runLine(transport, "exit 255")).toMatchObject({ how: "exited", exit_code: 255 });
  });

  it("gives input, keeps stdin open after it, and closes it where it is told to", async () => {
    const transport = transportTo(await sshd());
    const input = Buffer.from("12345");
    expect(await runLine(transport, "head -c 5; (sleep 0.3; echo still >&2) & wait", { input })).toMatchObject({
      stdout: "12345",
      stderr: "still\n",
    });
    expect(await runLine(transport, "wc -c", { input, endInput: true })).toMatchObject({ stdout: "5\n", exit_code: 0 });
  });

  it("writes the go-ahead as soon as it is given", async () => {
    const transport = transportTo(await sshd());
    let go: (bytes: Uint8Array) => void = () => undefined;
    const goAhead = new Promise<Uint8Array>((resolve) => (go = resolve));
    let heard = "";
    const end = transport.exec({
      target: { cluster: "lab", node: "web1", user: SSHD_USER },
      line: "echo ready; read -r word; echo got $word",
      input: new Uint8Array(),
      goAhead,
      signal: new AbortController().signal,
      graceMs: 1000,
      onStdout: (chunk) => {
        heard += Buffer.from(chunk).toString();
        if (heard === "ready\n") go(Buffer.from("it\n"));
      },
      onStderr: () => undefined,
    });
    expect(await end).toMatchObject({ how: "exited", exit_code: 0 });
    expect(heard).toBe("ready\ngot it\n");
  });

  it("carries ten million bytes of both streams whole", async () => {
    const transport = transportTo(await sshd());
    const run = await runLine(transport, "head -c 10000000 /dev/zero; head -c 10000000 /dev/zero >&2");
    expect([run.stdout.length, run.stderr.length, run.exit_code]).toEqual([10_000_000, 10_000_000, 0]);
  });

  it("keeps the connection: thirty commands at once use four, and one after another none more", async () => {
    const server = await sshd();
    const transport = transportTo(server);
    const runs = await Promise.all(Array.from({ length: 30 }, (_, index) => runLine(transport, `sleep 0.2; exit ${index}`)));
    expect(runs.map((run) => run.exit_code)).toEqual(Array.from({ length: 30 }, (_, index) => index));
    for (let index = 0; index < 20; index += 1) expect((await runLine(transport, "true")).exit_code).toBe(0);
    expect(server.log().match(/Accepted publickey/g)).toHaveLength(4);
  });

  it("runs all the same where the server allows a single session on a connection", async () => {
    const transport = transportTo(await sshd({ maxSessions: 1 }));
    const runs = await Promise.all(Array.from({ length: 20 }, (_, index) => runLine(transport, `exit ${index}`)));
    expect(runs.map((run) => run.exit_code)).toEqual(Array.from({ length: 20 }, (_, index) => index));
  });

  it("says so where the server allows no session at all", async () => {
    const run = await runLine(transportTo(await sshd({ maxSessions: 0 })), "true");
    expect(run).toMatchObject({ how: "refused", failure: { code: "access_denied" } });
    expect(run.failure?.hint).toContain("MaxSessions");
  });

  it("gets in where the server drops most connections before it greets them (MaxStartups)", async () => {
    const server = await sshd({ maxStartups: "2:50:100" });
    const transports = Array.from({ length: 8 }, () => transportTo(server));
    const runs = await Promise.all(transports.map((transport) => runLine(transport, "true")));
    expect(runs.map((run) => run.failure?.message ?? "ran")).toEqual(Array(8).fill("ran"));
  });

  it("closes a connection that nobody uses", async () => {
    const server = await sshd();
    const transport = openSsh2Transport({ cluster: "lab", settings: sshCluster(server), limits: { idleMs: 50 } });
    closers.push(() => transport.close());
    await runLine(transport, "true");
    await until(() => server.descendants().length === 0, "the connection to be closed", 10);
    expect(await runLine(transport, "true")).toMatchObject({ how: "exited", exit_code: 0 });
  });

  it("goes on by a new connection after the server was restarted", async () => {
    const server = await sshd();
    const transport = transportTo(server);
    await runLine(transport, "true");
    for (const pid of server.descendants()) process.kill(pid, "SIGKILL");
    expect(await runLine(transport, "echo back")).toMatchObject({ how: "exited", stdout: "back\n" });
  });

  it("ends as lost, not as done, when the connection is cut in the middle of a command", async () => {
    const server = await sshd();
    const transport = transportTo(server);
    const run = runLine(transport, "echo begun; sleep 60");
    await until(() => pidsOf("sleep", "60").some((pid) => server.descendants().includes(pid)), "the command to run", 10);
    for (const pid of server.descendants()) process.kill(pid, "SIGKILL");
    expect(await run).toMatchObject({ how: "lost", exit_code: null, stdout: "begun\n", failure: { code: "connection_lost" } });
  });

  it("closes stdin on cancel, waits, and then lets go of the channel", async () => {
    const server = await sshd();
    const transport = transportTo(server);
    const cancel = async (line: string) => {
      const controller = new AbortController();
      const run = runLine(transport, line, { signal: controller.signal, graceMs: 300 });
      setTimeout(() => controller.abort(), 300);
      return await run;
    };
    expect(await cancel("cat > /dev/null; exit 3")).toMatchObject({ how: "exited", exit_code: 3 });
    expect(await cancel("exec sleep 30")).toMatchObject({ how: "lost", failure: { code: "connection_lost" } });
    expect(await runLine(transport, "echo still")).toMatchObject({ stdout: "still\n" });
  });

  it("ends with the command although a child of it keeps its output open", async () => {
    const run = await runLine(transportTo(await sshd()), "sleep 60 & echo done");
    expect(run).toMatchObject({ how: "exited", exit_code: 0, stdout: "done\n" });
  });
});

describe.skipIf(SSHD_MISSING !== undefined)(`host keys${SSHD_MISSING === undefined ? "" : `: ${SSHD_MISSING}`}`, () => {
  it("refuses a host that nobody vouched for, and the line of its hint is the cure", async () => {
    const server = await sshd();
    const folder = scratch();
    const file = join(folder, "known_hosts");
    const changes = { known_hosts: [file] };
    const refused = await runLine(transportTo(server, changes), "true");
    expect(refused).toMatchObject({ how: "refused", failure: { code: "host_key_unknown" } });
    const line = String(refused.failure?.details["known_hosts_line"]);
    expect(refused.failure?.hint).toContain(`adds this line to ${file}: ${line}`);
    writeFileSync(file, `${line}\n`);
    expect(await runLine(transportTo(server, changes), "echo in")).toMatchObject({ stdout: "in\n" });
  });

  it("refuses a changed key and says where the old one stands; its command takes that away", async () => {
    const server = await sshd();
    await server.restartWithNewHostKey();
    const refused = await runLine(transportTo(server), "true");
    expect(refused).toMatchObject({ how: "refused", failure: { code: "host_key_changed" } });
    expect(refused.failure?.message).toContain(`${server.knownHosts}:1`);
    const command = /`(ssh-keygen -R [^`]+)`, then add the line: (.+)$/.exec(refused.failure?.hint ?? "");
    execFileSync("sh", ["-c", command?.[1] ?? "false"], { stdio: "ignore" });
    appendFileSync(server.knownHosts, `${command?.[2]}\n`);
    expect(await runLine(transportTo(server), "echo in")).toMatchObject({ stdout: "in\n" });
  });

  it("refuses a revoked key", async () => {
    const server = await sshd();
    appendFileSync(server.knownHosts, `@revoked * ${server.hostKey}\n`);
    expect(await runLine(transportTo(server), "true")).toMatchObject({ how: "refused", failure: { code: "host_key_changed" } });
  });

  it("asks a host with several keys for the one that is known", async () => {
    const server = await sshd({ hostKeyTypes: ["ed25519", "rsa", "ecdsa"] });
    for (const type of ["ssh-rsa", "ecdsa-sha2-nistp256", "ssh-ed25519"]) {
      const file = join(scratch(), "known_hosts");
      writeFileSync(
        file,
        readFileSync(server.knownHosts, "utf8")
          .split("\n")
          .filter((line) => line.includes(type))
          .join("\n"),
      );
      expect(await runLine(transportTo(server, { known_hosts: [file] }), "echo in"), type).toMatchObject({ stdout: "in\n" });
    }
  });
});

describe.skipIf(SSHD_MISSING !== undefined)(`the login${SSHD_MISSING === undefined ? "" : `: ${SSHD_MISSING}`}`, () => {
  it("is by an agent where there is no key file", async () => {
    const server = await sshd();
    const agent = await startAgent(server.clientKey);
    expect(await runLine(transportTo(server, { identity_files: [] }, { agent }), "echo in")).toMatchObject({ stdout: "in\n" });
  });

  it("tells what was offered when the server accepts none of it", async () => {
    const server = await sshd();
    const key = join(scratch(), "other");
    newKey(key, "ed25519");
    const refused = await runLine(transportTo(server, { identity_files: [key] }, { agent: await startAgent() }), "true");
    expect(refused).toMatchObject({ how: "refused", failure: { code: "authentication_failed" } });
    expect(refused.failure?.hint).toContain(key);
    expect(refused.failure?.hint).toContain("The agent holds no key");
  });

  it("names the cure for a key with a passphrase, a file that is missing and an agent that is gone", async () => {
    const server = await sshd();
    const key = join(scratch(), "locked");
    newKey(key, "ed25519", "a passphrase");
    const refused = await runLine(transportTo(server, { identity_files: [key, `${key}-none`] }, { agent: `${key}.sock` }), "true");
    expect(refused).toMatchObject({ how: "refused", failure: { code: "authentication_failed" } });
    expect(refused.failure?.hint).toContain(`ssh-add ${key}`);
    expect(refused.failure?.hint).toContain(`${key}-none is not there`);
    expect(refused.failure?.hint).toContain("The agent cannot be reached");
  });

  it("points to openssh where a certificate lies beside the key", async () => {
    const server = await sshd();
    const key = join(scratch(), "certified");
    newKey(key, "ed25519");
    writeFileSync(`${key}-cert.pub`, "ssh-ed25519-cert-v01@openssh.com AAAA");
    const refused = await runLine(transportTo(server, { identity_files: [key] }), "true");
    expect(refused.failure?.hint).toContain("certificate: those need `via: openssh`");
  });

  it("does not know a machine that is not listed", async () => {
    const server = await sshd();
    const refused = await runLine(transportTo(server), "true", { target: { cluster: "lab", node: "web2", user: "ops" } });
    expect(refused).toMatchObject({ how: "refused", failure: { code: "node_unknown" } });
    expect(refused.failure?.hint).toContain("web1");
  });
});

describe.skipIf(SSHD_MISSING !== undefined)(`servers that misbehave${SSHD_MISSING === undefined ? "" : `: ${SSHD_MISSING}`}`, () => {
  const hosts = (port: number) => [{ name: "web1", host: "127.0.0.1", port, labels: {} }];
  const refusalOf = async (server: Sshd, port: number, agent?: string) => {
    const settings = sshCluster(server, { hosts: hosts(port), ...(agent === undefined ? {} : { identity_files: [] }) });
    writeFileSync(server.knownHosts, `[127.0.0.1]:${port} ${server.hostKey}\n`, { flag: "a" });
    const transport = openSsh2Transport({ cluster: "lab", settings, connectTimeoutMs: 1500, ...(agent === undefined ? {} : { agent }) });
    closers.push(() => transport.close());
    return (await runLine(transport, "true")).failure;
  };
  const listen = async (serve: (socket: Socket) => void, path?: string): Promise<number> => {
    const server = createServer((socket) => {
      socket.on("error", () => undefined);
      closers.push(() => void socket.destroy());
      serve(socket);
    });
    closers.push(() => void server.close());
    await new Promise<void>((resolve) => (path === undefined ? server.listen(0, "127.0.0.1", resolve) : server.listen(path, resolve)));
    return path === undefined ? (server.address() as AddressInfo).port : 0;
  };

  it("accepts and says nothing", async () => {
    expect(await refusalOf(await sshd(), await listen(() => undefined))).toMatchObject({
      code: "connect_timeout",
      message: expect.stringContaining("greeting"),
    });
  });

  it("greets and says nothing more", async () => {
    const port = await listen((socket) => void socket.write("SSH-2.0-OpenSSH_9.2\r\n"));
    expect(await refusalOf(await sshd(), port)).toMatchObject({
      code: "connect_timeout",
      message: expect.stringContaining("key exchange"),
    });
  });

  it("hangs during the login, here because an agent does not answer", async () => {
    const server = await sshd();
    const agent = join(scratch(), "agent.sock");
    await listen(() => undefined, agent);
    expect(await refusalOf(server, server.port, agent)).toMatchObject({
      code: "connect_timeout",
      message: expect.stringContaining("login"),
    });
  });

  it("closes at once, speaks another protocol, or is not there", async () => {
    const server = await sshd();
    expect(await refusalOf(server, await listen((socket) => void socket.destroy()))).toMatchObject({ code: "node_unreachable" });
    expect(await refusalOf(server, await listen((socket) => void socket.end("HTTP/1.1 400 Bad Request\r\n\r\n")))).toMatchObject({
      code: "node_unreachable",
    });
    const refused = await refusalOf(server, await freePort());
    expect(refused).toMatchObject({ code: "node_unreachable", message: expect.stringContaining("refuses connections") });
  });

  it("hangs when a channel is asked for: what became of the command is not claimed to be known", async () => {
    const server = await sshd();
    const transport = transportTo(server);
    await runLine(transport, "true");
    for (const pid of server.descendants()) process.kill(pid, "SIGSTOP");
    const controller = new AbortController();
    const run = runLine(transport, "true", { signal: controller.signal, graceMs: 100 });
    setTimeout(() => controller.abort(), 200);
    expect(await run).toMatchObject({ how: "lost", failure: { code: "connection_lost" } });
  });
});

describe.skipIf(SSHD_MISSING !== undefined)(`a jump host${SSHD_MISSING === undefined ? "" : `: ${SSHD_MISSING}`}`, () => {
  const both = async (options?: SshdOptions) => {
    const [inner, jump] = [await sshd(), await sshd(options)];
    appendFileSync(inner.knownHosts, readFileSync(jump.knownHosts, "utf8"));
    const identity_files = [inner.clientKey, jump.clientKey];
    return { inner, jump, changes: { jump: `${SSHD_USER}@127.0.0.1:${jump.port}`, identity_files } };
  };

  it("carries all connections of its machines over one", async () => {
    const { inner, jump, changes } = await both();
    const hosts = ["web1", "web2", "web3"].map((name) => ({ name, host: "127.0.0.1", port: inner.port, labels: {} }));
    const transport = transportTo(inner, { ...changes, hosts });
    const runs = await Promise.all(
      hosts.map(({ name }) => runLine(transport, "echo $SSH_CONNECTION", { target: { cluster: "lab", node: name, user: SSHD_USER } })),
    );
    expect(runs.map((run) => run.how)).toEqual(Array(3).fill("exited"));
    expect(jump.log().match(/Accepted publickey/g)).toHaveLength(1);
  });

  it("has its host key checked like any other, and so has the machine behind it", async () => {
    const { inner, jump, changes } = await both();
    const file = join(scratch(), "known_hosts");
    writeFileSync(file, readFileSync(jump.knownHosts));
    expect((await runLine(transportTo(inner, { ...changes, known_hosts: [file] }), "true")).failure).toMatchObject({
      code: "host_key_unknown",
      message: expect.stringContaining("web1"),
    });
    writeFileSync(file, readFileSync(inner.knownHosts, "utf8").split("\n")[0] ?? "");
    expect((await runLine(transportTo(inner, { ...changes, known_hosts: [file] }), "true")).failure).toMatchObject({
      code: "host_key_unknown",
      message: expect.stringContaining("jump host"),
    });
  });

  it("is told from the machine behind it when one of them is away", async () => {
    const { inner, jump, changes } = await both();
    const away = [{ name: "web1", host: "127.0.0.1", port: await freePort(), labels: {} }];
    expect((await runLine(transportTo(inner, { ...changes, hosts: away }), "true")).failure).toMatchObject({
      code: "node_unreachable",
      message: expect.stringContaining("connection refused"),
    });
    await jump.stop();
    expect((await runLine(transportTo(inner, changes), "true")).failure).toMatchObject({ code: "proxy_unreachable" });
  });

  it("that forwards nothing says so", async () => {
    const { inner, changes } = await both({ config: ["AllowTcpForwarding no"] });
    expect((await runLine(transportTo(inner, changes), "true")).failure).toMatchObject({ code: "access_denied" });
  });
});

function scratch(): string {
  const folder = mkdtempSync(join(tmpdir(), "ssh-test-"));
  closers.push(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** An agent of its own, with the key; answers its socket. */
async function startAgent(key?: string): Promise<string> {
  const socket = join(scratch(), "agent");
  const agent = spawn("ssh-agent", ["-D", "-a", socket], { stdio: "ignore" });
  closers.push(() => void agent.kill());
  await until(() => existsSync(socket), "the agent", 10);
  if (key !== undefined) execFileSync("ssh-add", ["-q", key], { env: { ...process.env, SSH_AUTH_SOCK: socket } });
  return socket;
}
