import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { createServer as createHttp2 } from "node:http2";
import { createServer as createHttp } from "node:http";
import { createServer as createHttps } from "node:https";
import { createServer, type AddressInfo, type Server, type Socket } from "node:net";
import { createServer as createTls } from "node:tls";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import type { ConnectionTarget, TargetTls } from "../client/connection-target.ts";
import { openConnection } from "../client/connection.ts";
import { testCertificates, type TestCertificate, type TestCertificates } from "../testing/test-certificates.ts";
import { startTestGateway, type GatewayOptions, type TestGateway } from "../testing/test-gateway.ts";
import { startTestTemporal, testTemporalBinary, type TestTemporal } from "../testing/test-temporal.ts";
import { connectionFault } from "./connection-fault.ts";
import { lookAt } from "./look.ts";

const binary = testTemporalBinary(process.env);
const LIMIT_MS = 60_000;
/** Far more than any step takes; nothing here waits for it but what says nothing at all. */
const STEP_MS = 20_000;

const at = (address: string, more: Partial<ConnectionTarget> = {}): ConnectionTarget => ({
  mode: "cluster",
  address,
  namespace: "default",
  ...more,
});
const obstacle = async (target: ConnectionTarget, stepMs = STEP_MS) => (await connectionFault(target, stepMs))?.obstacle;

let certificates: TestCertificates;
let good: TestCertificate;
let trusted: TargetTls;
beforeAll(() => {
  certificates = testCertificates();
  good = certificates.make("good");
  trusted = { serverRootCACertificate: certificates.authority.cert };
});
afterAll(() => certificates.remove());

const ends: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0)) await end();
});

async function listening(server: Server): Promise<string> {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const open = new Set<Socket>();
  server.on("connection", (socket: Socket) => open.add(socket));
  ends.push(async () => {
    for (const socket of open) socket.destroy();
    await new Promise((resolve) => server.close(resolve));
  });
  return `localhost:${(server.address() as AddressInfo).port}`;
}

/** OpenSSL's own server: it ends a handshake with the alerts that real servers send, where Node's only hangs up. */
async function openssl(...args: string[]): Promise<string> {
  const files = ["-cert", good.certPath, "-key", good.keyPath, "-CAfile", certificates.authority.certPath];
  const server: ChildProcess = spawn("openssl", ["s_server", "-accept", "127.0.0.1:0", "-alpn", "h2", ...files, ...args], {
    stdio: ["pipe", "pipe", "ignore"],
  });
  ends.push(async () => {
    const exit = once(server, "exit");
    server.kill("SIGKILL");
    await exit;
  });
  let said = "";
  for await (const chunk of server.stdout!) {
    said += String(chunk);
    const [, port] = /ACCEPT \S*:(\d+)\s/.exec(said) ?? [];
    if (port !== undefined) break;
  }
  const [, port] = /ACCEPT \S*:(\d+)\s/.exec(said) ?? [];
  server.stdout?.resume();
  return `localhost:${port}`;
}

describe("what is at an address where no Temporal is", () => {
  it("nobody, a name that nobody knows, and something that says nothing", async () => {
    const server = createServer();
    const address = await listening(server);
    expect(await obstacle(at(address), 1_500)).toBe("no_grpc");
    await ends.pop()?.();
    expect(await obstacle(at(address))).toBe("refused");
    expect(await obstacle(at("nobody.invalid:7233"))).toBe("name_unknown");
  });

  it("a web server, a gRPC server of somebody else, a proxy with nothing behind it, one that wants a login", async () => {
    expect(await obstacle(at(await listening(createHttp((_, answer) => answer.end("hello")))))).toBe("no_grpc");
    const answering = (headers: Record<string, string | number>): Promise<string> =>
      listening(createHttp2().on("stream", (stream) => stream.respond(headers, { endStream: true })) as unknown as Server);
    const grpc = { ":status": 200, "content-type": "application/grpc" };
    expect(await obstacle(at(await answering({ ...grpc, "grpc-status": "12" })))).toBe("no_temporal");
    expect(await obstacle(at(await answering({ ...grpc, "grpc-status": "14" })))).toBe("not_serving");
    expect(await obstacle(at(await answering({ ":status": 503 })))).toBe("not_serving");
    expect(await obstacle(at(await answering({ ":status": 403 })))).toBe("credentials_refused");
    expect(await obstacle(at(await answering({ ":status": 200, "content-type": "text/html" })))).toBe("no_grpc");
  });

  it("a web server behind TLS, and one that hangs up", async () => {
    const web = createHttps({ cert: good.cert, key: good.key }, (_, answer) => answer.end("hello"));
    expect(await obstacle(at(await listening(web), { tls: trusted }))).toBe("no_grpc");
    const rude = createTls({ cert: good.cert, key: good.key, ALPNProtocols: ["h2"] }, (socket) => socket.destroy());
    expect(await connectionFault(at(await listening(rude), { tls: trusted }), STEP_MS)).toMatchObject({
      obstacle: "ends_after_handshake",
      cure: expect.stringContaining("TEMPORAL_TLS_CLIENT_CERT_PATH") as string,
    });
  });
});

describe("what a server has against our certificate", () => {
  const own = ({ cert, key }: TestCertificate): TargetTls => ({ ...trusted, clientCertPair: { crt: cert, key } });

  it.each([["-tls1_3"], ["-tls1_2"]])("that there is none, or that it is another authority's (%s)", async (version) => {
    const address = await openssl(version, "-Verify", "1", "-verify_return_error");
    expect(await obstacle(at(address, { tls: trusted }))).toBe("client_certificate_missing");
    const strangers = testCertificates();
    try {
      expect(await obstacle(at(address, { tls: own(strangers.make("stranger")) }))).toBe("client_certificate_refused");
    } finally {
      strangers.remove();
    }
  });

  it("is known without it where ours has expired, belongs to another key, or is none", async () => {
    const address = await openssl();
    const expired = certificates.make("expired-client", { days: -1 });
    expect(await connectionFault(at(address, { tls: own(expired) }), STEP_MS)).toMatchObject({
      obstacle: "client_certificate_expired",
      found: expect.stringMatching(/expired \(on \d{4}-\d\d-\d\d\)/) as string,
    });
    expect(await obstacle(at(address, { tls: own({ ...good, key: expired.key }) }))).toBe("client_certificate_unusable");
    expect(await obstacle(at(address, { tls: own({ ...good, cert: Buffer.from("nothing") }) }))).toBe("client_certificate_unusable");
  });
});

describe.skipIf(binary === undefined)("a Temporal (needs the temporal program: set PLATFORM_OPS_TEST_TEMPORAL to its path)", () => {
  let temporal: TestTemporal;
  beforeAll(async () => {
    temporal = await startTestTemporal({ binary: binary ?? "" });
  }, LIMIT_MS);
  afterAll(() => temporal.stop());

  async function gateway(options: Omit<GatewayOptions, "upstream"> = {}): Promise<TestGateway> {
    const one = await startTestGateway({ upstream: temporal.address, ...options });
    ends.push(() => one.stop());
    return one;
  }

  it("has nothing in its way, be it behind TLS, a client certificate or a key", async () => {
    expect(await obstacle(at(temporal.address))).toBeUndefined();
    expect(await obstacle(at((await gateway({ tls: good })).address, { tls: trusted }))).toBeUndefined();
    const mutual = await gateway({ tls: { ...good, clientAuthority: certificates.authority.cert } });
    const { cert: crt, key } = certificates.make("client");
    expect(await obstacle(at(mutual.address, { tls: { ...trusted, clientCertPair: { crt, key } } }))).toBeUndefined();
    expect(await obstacle(at(mutual.address, { tls: trusted }))).toBe("client_certificate_missing");
    const keyed = await gateway({ tls: good, apiKey: "right" });
    expect(await obstacle(at(keyed.address, { tls: trusted, apiKey: "right" }))).toBeUndefined();
  });

  it("is told apart by how TLS is spoken", async () => {
    expect(await obstacle(at(temporal.address, { tls: trusted }))).toBe("tls_not_spoken");
    expect(await obstacle(at((await gateway({ tls: good })).address))).toBe("tls_wanted");
  });

  it("is not believed where its certificate is not to be believed, and is then sent no key", async () => {
    const apiKey = "secret";
    const { address, authorizations } = await gateway({ tls: good });
    expect(await obstacle(at(address, { tls: true, apiKey }))).toBe("certificate_untrusted");
    const strangers = testCertificates();
    const other = { serverRootCACertificate: strangers.authority.cert };
    strangers.remove();
    expect(await connectionFault(at(address, { tls: other, apiKey }), STEP_MS)).toMatchObject({
      obstacle: "certificate_untrusted",
      cure: expect.stringContaining("into that file") as string,
    });
    const misnamed = await gateway({ tls: certificates.make("misnamed", { altName: "DNS:temporal.example.com" }) });
    expect(await connectionFault(at(misnamed.address, { tls: trusted, apiKey }), STEP_MS)).toMatchObject({
      obstacle: "certificate_other_name",
      found: "its certificate is not for the name localhost, but for temporal.example.com",
      cure: expect.stringContaining("temporal.tls.server_name") as string,
    });
    const named = { ...trusted, serverNameOverride: "temporal.example.com" };
    expect(await obstacle(at(misnamed.address, { tls: named }))).toBeUndefined();
    const old = await gateway({ tls: certificates.make("old", { days: -1 }) });
    expect(await connectionFault(at(old.address, { tls: trusted, apiKey }), STEP_MS)).toMatchObject({
      obstacle: "certificate_expired",
      found: expect.stringMatching(/has expired \(on \d{4}-\d\d-\d\d\)/) as string,
    });
    expect(await obstacle(at(temporal.address, { tls: trusted, apiKey }))).toBe("tls_not_spoken");
    expect([authorizations, misnamed.authorizations, old.authorizations]).toEqual([[], [], []]);
  });

  it("refuses a key, or that there is none", async () => {
    const { address } = await gateway({ tls: good, apiKey: "right" });
    expect(await connectionFault(at(address, { tls: trusted, apiKey: "wrong" }), STEP_MS)).toMatchObject({
      obstacle: "credentials_refused",
      found: "it refuses the API key for the namespace default",
    });
    expect(await connectionFault(at(address, { tls: trusted }), STEP_MS)).toMatchObject({
      cure: expect.stringContaining("Set TEMPORAL_API_KEY") as string,
    });
  });

  it("tells what its clock says where something before it tells the time", async () => {
    const ahead = await lookAt(at((await gateway({ aheadMs: 3_600_000 })).address), STEP_MS);
    expect(ahead).toMatchObject({ obstacle: undefined, aheadMs: expect.any(Number) as number });
    expect((ahead as { aheadMs: number }).aheadMs).toBeGreaterThan(1_800_000);
    expect(await lookAt(at(temporal.address), STEP_MS)).toEqual({ obstacle: undefined });
  });

  it("is explained to a call that cannot connect, in the same words", { timeout: LIMIT_MS }, async () => {
    const { address } = await gateway({ tls: good });
    await expect(openConnection(at(address, { tls: true }))).rejects.toMatchObject({
      code: "temporal_unavailable",
      message: `Temporal at ${address} cannot be used: its certificate comes from no authority that is known here.`,
      hint: expect.stringContaining("temporal.tls.server_ca_cert_path") as string,
      details: { address, mode: "cluster", reason: "certificate_untrusted" },
    });
    const { address: keyed } = await gateway({ tls: good, apiKey: "right" });
    await expect(openConnection(at(keyed, { tls: trusted, apiKey: "wrong" }))).rejects.toMatchObject({
      code: "temporal_denied",
      message: expect.stringContaining("refuses the API key") as string,
    });
    await expect(openConnection(at("localhost:1"))).rejects.toMatchObject({
      code: "temporal_unavailable",
      message: "Temporal at localhost:1 cannot be used: nothing listens there.",
    });
  });
});
