// What doctor finds in surroundings that are really broken, with the built bins.
import { execFile } from "node:child_process";
import { chmodSync, existsSync, mkdirSync, mkdtempSync, realpathSync, rmSync, statSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { doctor } from "../../servers/flux-teleport/src/commands/doctor-command.ts";
import { startBin } from "../support/bin.ts";
import { startTestGateway, startTestTemporal, testCertificates, testTemporalBinary } from "@platform-ops/orchestration/testing";
import { machinesServer, sshConfig, teleportConfig } from "../support/flux-teleport.ts";
import { PUBLISHED_BINS } from "../support/published-bins.ts";
import { SSHD_MISSING, startSshd } from "../support/sshd.ts";
import { startTsh } from "../support/tsh/start-tsh.ts";

interface Found {
  readonly id: string;
  readonly status: string;
  readonly found?: string;
  readonly version?: string;
  readonly path?: string;
  readonly wanted?: string;
  readonly cure?: string;
  readonly mendable: boolean;
}
interface Report {
  readonly format: number;
  readonly server: string;
  readonly ok: boolean;
  readonly checks: Found[];
  readonly mended?: string[];
}

let folder: string;
let home: string;
let listener: Server | undefined;
beforeEach(() => {
  folder = realpathSync(mkdtempSync(join(tmpdir(), "platform-ops-doctor-")));
  home = join(folder, "home");
  for (const name of ["bin", "project", "cache"]) mkdirSync(join(folder, name));
});
afterEach(async () => {
  await new Promise((resolve) => (listener === undefined ? resolve(undefined) : listener.close(resolve)));
  listener = undefined;
  rmSync(folder, { recursive: true, force: true });
});

/** A program that is not what it is called. */
function standIn(name: string, prints: string): string {
  const path = join(folder, "bin", name);
  writeFileSync(path, `#!/bin/sh\necho '${prints}'\n`, { mode: 0o755 });
  return path;
}

/** Nothing is found but what a test puts there: PATH is one folder, the cache is empty, and no settings of this machine are read. */
async function doctorOf(server: string, args: readonly string[] = [], env: Record<string, string> = {}) {
  const { bin } = PUBLISHED_BINS.find((each) => each.server === server)!;
  const surroundings = {
    HOME: folder,
    PATH: join(folder, "bin"),
    PLATFORM_OPS_HOME: home,
    PLATFORM_OPS_CACHE: join(folder, "cache"),
    XDG_CACHE_HOME: join(folder, "cache"),
  };
  const { code, stdout, stderr } = await startBin(["doctor", ...args], {
    cwd: join(folder, "project"),
    env: { ...surroundings, ...env },
    bin,
  }).ended;
  const report = args.includes("--json") && stdout !== "" ? (JSON.parse(stdout) as Report) : undefined;
  const check = (id: string): Found | undefined => report?.checks.find((each) => each.id === id);
  return { code, stdout, stderr, report, check };
}

test.each(PUBLISHED_BINS)("$server: each check has its place in the stable shape, and a cure where it is not ok", async ({ server }) => {
  const { code, report } = await doctorOf(server, ["--json"]);
  expect(report).toMatchObject({ format: 1, server: expect.stringMatching(/-mcp$/) });
  const ids = report!.checks.map(({ id }) => id);
  expect(ids).toEqual(expect.arrayContaining(["node", "data_directory", "disk", "config", "clock", "approvals"]));
  expect(new Set(ids).size).toBe(ids.length);
  for (const check of report!.checks) {
    expect(check).toMatchObject({ id: expect.stringMatching(/^[a-z0-9_-]+$/), mendable: expect.any(Boolean) });
    expect(["ok", "warn", "missing", "broken"]).toContain(check.status);
    if (check.status !== "ok") expect(check.cure, check.id).toBeTruthy();
  }
  const isFault = report!.checks.some(({ status }) => status === "missing" || status === "broken");
  expect([code, report!.ok]).toEqual(isFault ? [3, false] : [0, true]);
});

test("missing parts are named with the rungs that were tried, and exit 3", async () => {
  const { code, check } = await doctorOf("terraform", ["--json"]);
  expect([code, existsSync(home)]).toEqual([3, false]);
  expect(check("terraform")).toMatchObject({ status: "missing", wanted: expect.stringContaining("tofu >= 1.6") });
  expect(check("temporal_binary")).toMatchObject({
    status: "missing",
    found: expect.stringMatching(/none configured, none at .*cache.*, none on PATH/),
    cure: expect.stringContaining("no Go here"),
    mendable: true,
  });
  expect(check("worker")).toMatchObject({ status: "missing", wanted: expect.stringMatching(/^@temporalio\/worker \d/), mendable: true });
  expect(check("git")).toMatchObject({ status: "warn" });
});

test("old and wrong programs are named with their versions and paths", async () => {
  const terraform = standIn("terraform", '{"terraform_version": "1.3.9"}');
  const temporal = standIn("temporal", "temporal version 1.1.0 (Server 1.25.0, UI 2.30.0)");
  standIn("go", "");
  standIn("git", "git version 2.39.5");
  const { check } = await doctorOf("terraform", ["--json"]);
  expect(check("terraform")).toMatchObject({ status: "broken", version: "1.3.9", path: terraform, wanted: ">= 1.5" });
  expect(check("temporal_binary")).toMatchObject({
    status: "missing",
    found: expect.stringContaining(`the one at ${temporal} is server 1.25.0`),
    cure: expect.stringContaining(join(folder, "bin", "go")),
  });
  expect(check("git")).toMatchObject({ status: "ok", version: "2.39.5" });
  const named = await doctorOf("terraform", ["--json", "--temporal.binary", terraform]);
  expect(named.check("temporal_binary")).toMatchObject({ status: "broken", found: expect.stringContaining("not a Temporal CLI") });
});

test("a cluster that does not answer, and a port that is taken, are broken", async () => {
  // What it is sent is thrown away: one that never reads would not see the other side go.
  listener = createServer((socket) => socket.on("error", () => undefined).resume()).listen(0, "127.0.0.1");
  await new Promise((resolve) => listener!.once("listening", resolve));
  const { port } = listener.address() as { port: number };
  const taken = await doctorOf("terraform", ["--json", "--temporal.port", String(port)]);
  expect(taken.check("temporal_port")).toMatchObject({ status: "broken", found: `${port} is taken` });
  const http = await doctorOf("flux-teleport", ["--json"], { PLATFORM_OPS_HTTP_PORT: String(port) });
  expect(http.check("http_port")).toMatchObject({ status: "warn", found: `something listens on ${port}` });
  const open = await doctorOf("terraform", ["--json"], { TEMPORAL_ADDRESS: `127.0.0.1:${port}` });
  expect(open.check("temporal")).toMatchObject({
    status: "broken",
    found: `the cluster at 127.0.0.1:${port}, by the settings: something listens there, but it does not speak Temporal's protocol (gRPC)`,
    cure: expect.stringContaining("temporal.address"),
  });
  await new Promise((resolve) => listener!.close(resolve));
  listener = undefined;
  const closed = await doctorOf("terraform", ["--json"], { TEMPORAL_ADDRESS: `127.0.0.1:${port}` });
  expect(closed.check("temporal")).toMatchObject({ status: "broken", cure: expect.stringContaining("temporal.address") });
});

test("a data directory with wrong permissions is mended only when told so", async () => {
  mkdirSync(home);
  const config = join(folder, "config.yaml");
  writeFileSync(config, "");
  chmodSync(config, 0o664);
  const env = { PLATFORM_OPS_CONFIG: config };
  const asked = await doctorOf("flux-teleport", ["--fix"], env);
  expect([asked.code, asked.stdout]).toEqual([2, ""]);
  expect(asked.stderr).toContain("--yes");
  expect(statSync(config).mode & 0o777).toBe(0o664);
  const mended = await doctorOf("flux-teleport", ["--fix", "--yes", "--json"], env);
  expect(mended.report!.mended).toContain(`Take the right to write ${config} from others`);
  expect(statSync(config).mode & 0o777).toBe(0o644);
  chmodSync(home, 0o777);
  const unsafe = await doctorOf("flux-teleport", ["--fix", "--yes", "--json"], env);
  expect([unsafe.code, unsafe.check("data_directory")]).toMatchObject([3, { status: "broken", mendable: false }]);
  expect(statSync(home).mode & 0o777).toBe(0o777);
});

test.each([
  [{}, false],
  [{ FORCE_COLOR: "1" }, true],
  [{ FORCE_COLOR: "0" }, false],
  [{ FORCE_COLOR: "1", TERM: "dumb" }, true],
  [{ NO_COLOR: "1" }, false],
])("without a terminal, with %j, colours are shown: %s", async (env, expected) => {
  const { stdout } = await doctorOf("flux-teleport", [], env as Record<string, string>);
  expect(stdout.includes("\u001b[32m✓")).toBe(expected);
  expect(stdout).toContain("checked:");
});

describe("a full and a read-only disk", () => {
  const run = promisify(execFile);
  const isRoot = process.platform === "linux" && process.getuid?.() === 0;
  let disk: string;
  let isMounted = false;
  beforeEach(async () => {
    disk = join(folder, "disk");
    mkdirSync(disk);
    isMounted =
      isRoot &&
      (await run("mount", ["-t", "tmpfs", "-o", "size=1m,mode=0700", "tmpfs", disk]).then(
        () => true,
        () => false,
      ));
  });
  afterEach(async () => {
    if (isMounted) await run("umount", ["-l", disk]);
  });

  // Only root may mount one; for everybody else a directory without the right to write does the same to what is not made yet.
  test("are told, and nothing is made there", async () => {
    const at = join(disk, "home");
    if (isMounted) {
      expect((await doctorOf("flux-teleport", ["--json"], { PLATFORM_OPS_HOME: at })).check("disk")).toMatchObject({
        status: "broken",
        wanted: "1 GB",
      });
      await run("mount", ["-o", "remount,ro", disk]);
    } else chmodSync(disk, 0o500);
    const { code, check } = await doctorOf("flux-teleport", ["--json"], { PLATFORM_OPS_HOME: at });
    expect(code).toBe(3);
    expect(check("data_directory")).toMatchObject({
      status: "broken",
      found: expect.stringMatching(/cannot be made in .* \(E(ROFS|ACCES)\)/),
    });
    expect(existsSync(at)).toBe(false);
  });
});

describe.skipIf(SSHD_MISSING !== undefined)(`what clusters need ${SSHD_MISSING ?? ""}`, () => {
  async function checksOf(config: string, env: Record<string, string> = {}): Promise<Map<string, Found>> {
    const server = await machinesServer(config, env);
    let out = "";
    const terminal = { stdout: (text: string) => void (out += text), stderr: () => undefined, isTTY: false, color: false, columns: 80 };
    try {
      await doctor.run({ positionals: [], options: { json: true } }, server.deps, terminal, new AbortController().signal);
    } finally {
      await server.remove();
    }
    return new Map((JSON.parse(out) as Report).checks.map((check) => [check.id, check]));
  }

  test("a Teleport login: none, one that is valid, one that ends soon, one that ended", async () => {
    const sshd = await startSshd();
    const tsh = await startTsh(sshd);
    const inMinutes = (minutes: number): string => new Date(Date.now() + minutes * 60_000).toISOString();
    try {
      const login = async (): Promise<Found | undefined> => (await checksOf(teleportConfig(tsh))).get("tsh_login_lab");
      expect(await login()).toMatchObject({ status: "warn", found: "nobody is logged in", cure: expect.stringContaining("tsh login") });
      for (const [minutes, status, words] of [
        [600, "ok", /^alice until /],
        [10, "warn", /alice until .*, in (9|10) min/],
        [-10, "warn", /alice expired/],
      ] as const) {
        tsh.login("alice", { valid_until: inMinutes(minutes) });
        expect(await login()).toMatchObject({ status, found: expect.stringMatching(words) });
      }
      expect((await checksOf(teleportConfig(tsh))).get("tsh")).toMatchObject({
        status: "ok",
        version: expect.stringMatching(/^\d+\./),
        path: tsh.path,
      });
      const missing = await checksOf(teleportConfig({ ...tsh, path: join(folder, "tsh") }));
      expect(missing.get("tsh")).toMatchObject({ status: "missing" });
      expect(missing.has("tsh_login_lab")).toBe(false);
    } finally {
      tsh.remove();
      await sshd.stop();
    }
  });

  test("an SSH agent: one that ended, one without keys", async () => {
    const sshd = await startSshd();
    const socket = join(folder, "agent");
    try {
      writeFileSync(socket, "");
      expect((await checksOf(sshConfig(sshd), { SSH_AUTH_SOCK: socket })).get("ssh_agent")).toMatchObject({
        status: "warn",
        found: "it does not answer",
        path: socket,
      });
      rmSync(socket);
      // Says, as the agent's protocol has it, that it holds no key.
      listener = createServer((client) => client.on("data", () => client.write(Buffer.from([0, 0, 0, 5, 12, 0, 0, 0, 0]))));
      await new Promise((resolve) => listener!.listen(socket, () => resolve(undefined)));
      expect((await checksOf(sshConfig(sshd), { SSH_AUTH_SOCK: socket })).get("ssh_agent")?.found).toMatch(/^(0 key\(s\)|it holds no key)/);
    } finally {
      await sshd.stop();
    }
  });

  test("kubectl, where a cluster is this machine's", async () => {
    const config = JSON.stringify({ remote: { clusters: { here: { transport: "local" } } } });
    const env = { PATH: join(folder, "bin") };
    expect((await checksOf(config, env)).get("kubectl")).toMatchObject({ status: "missing", found: "not on PATH" });
    standIn("kubectl", "Client Version: v1.33.1");
    const found = await checksOf(config, env);
    expect(found.get("kubectl")).toMatchObject({ status: "ok", version: "1.33.1" });
    expect(found.get("flux")).toMatchObject({ status: "ok", found: expect.stringContaining("no tool needs it") });
  });
});

const temporalBinary = testTemporalBinary(process.env);

test.skipIf(temporalBinary === undefined)("a cluster behind TLS and a key: each step that is missing, until nothing is", async () => {
  const certificates = testCertificates();
  const temporal = await startTestTemporal({ binary: temporalBinary ?? "" });
  const gateway = await startTestGateway({ upstream: temporal.address, tls: certificates.make("gateway"), apiKey: "the-right-key" });
  try {
    const env: Record<string, string> = { TEMPORAL_ADDRESS: gateway.address, PLATFORM_OPS_TEMPORAL_WORKERS: "external" };
    const steps: readonly (readonly [id: string, cure: string, Record<string, string>])[] = [
      ["temporal", "TEMPORAL_TLS=true", { TEMPORAL_TLS: "true" }],
      ["temporal", "TEMPORAL_TLS_SERVER_CA_CERT_PATH", { TEMPORAL_TLS_SERVER_CA_CERT_PATH: certificates.authority.certPath }],
      ["temporal", "TEMPORAL_API_KEY", { TEMPORAL_API_KEY: "the-wrong-key" }],
      ["temporal", "make a new one", { TEMPORAL_API_KEY: "the-right-key", TEMPORAL_NAMESPACE: "nowhere" }],
      ["temporal_namespace", "namespace create --address", { TEMPORAL_NAMESPACE: "default" }],
      ["temporal_worker", "with the same data directory", {}],
    ];
    for (const [id, cure, next] of steps) {
      const { code, check, stdout } = await doctorOf("terraform", ["--json"], env);
      expect(code).toBe(3);
      expect(check(id), stdout).toMatchObject({ status: expect.stringMatching(/missing|broken/), cure: expect.stringContaining(cure) });
      expect(stdout).not.toMatch(/the-(right|wrong)-key/);
      Object.assign(env, next);
    }
    const { check, stdout } = await doctorOf("terraform", ["--json"], env);
    for (const id of ["temporal", "temporal_namespace"]) expect(check(id), stdout).toMatchObject({ status: "ok" });
  } finally {
    await gateway.stop();
    await temporal.stop();
    certificates.remove();
  }
});
