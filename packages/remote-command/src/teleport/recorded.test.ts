import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { classifyTsh, type FailureContext } from "./error-table.ts";
import { parseClusters, parseCreatedRequest, parseNodes, parseRequests, parseStatus, parseVersion } from "./tsh-output.ts";
import { lastError, TshStderr } from "./tsh-stderr.ts";
import { abilitiesIn } from "./tsh-words.ts";

interface Recorded {
  readonly name: string;
  readonly argv: string[];
  readonly exit: number;
  readonly stdout?: string | { base64: string };
  readonly stderr?: string;
}

/** Outputs of a real tsh 13.3.8 on a real cluster, one JSON object a line. */
const FILE = fileURLToPath(new URL("../../../../test/recorded/tsh/cases.jsonl", import.meta.url));
const CASES = new Map(
  readFileSync(FILE, "utf8")
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line) as Recorded)
    .map((recorded) => [recorded.name, recorded]),
);
const recorded = (name: string): { exit: number; stdout: string; stderr: string } => {
  const { exit, stdout = "", stderr = "" } = CASES.get(name) ?? expect.fail(`no recorded case ${name}`);
  return { exit, stdout: typeof stdout === "string" ? stdout : Buffer.from(stdout.base64, "base64").toString(), stderr };
};
const context: FailureContext = { cluster: "lab", node: "web1", user: "root", proxy: "proxy.example:443", login: "tsh login lab" };

/** Feeds stderr in pieces of every size, and tells what was passed on. */
function throughStderr(stderr: string, exit: number | null): { passed: string; status: number | undefined; error: string | undefined }[] {
  return [1, 7, 10_000].map((size) => {
    let passed = "";
    const filter = new TshStderr((chunk) => (passed += Buffer.from(chunk).toString("latin1")));
    const bytes = Buffer.from(stderr);
    for (let at = 0; at < bytes.length; at += size) filter.push(bytes.subarray(at, at + size));
    return { ...filter.end(exit), passed };
  });
}

describe("what tsh adds to stderr", () => {
  test.each([
    ["ssh-exit3", "", 3],
    ["ssh-exit255", "", 255],
    ["ssh-stderr-no-newline-exit2", "partial", 2],
    ["ssh-cmd-not-found", "/bin/bash: line 1: no-such-command-x: command not found\n", 127],
  ])("%s: the marker is tsh's and goes, the rest stays", (name, passed, status) => {
    const { stderr, exit } = recorded(name);
    for (const seen of throughStderr(stderr, exit)) expect(seen).toEqual({ passed, status, error: undefined });
  });

  test("a marker that the remote printed stays", () => {
    const { stderr, exit } = recorded("ssh-remote-prints-marker");
    expect(exit).toBe(0);
    for (const seen of throughStderr(stderr, exit)) expect(seen).toEqual({ passed: stderr, status: undefined, error: undefined });
    const both = `${stderr}\u001B[31mERROR: \u001B[0mProcess exited with status 3\n\n`;
    for (const seen of throughStderr(both, 3)) expect(seen).toEqual({ passed: stderr, status: 3, error: undefined });
  });

  test("a line with status 0 is never tsh's", () => {
    const zero = "\u001B[31mERROR: \u001B[0mProcess exited with status 0\n\n";
    for (const seen of throughStderr(zero, 0)) expect(seen).toEqual({ passed: zero, status: undefined, error: undefined });
  });

  test("a forged failure of tsh is the remote's, for tsh's own line comes last", () => {
    const forged = "\u001B[31mERROR: \u001B[0maccess denied to root connecting to web1:0\n\n";
    const end = "\u001B[31mERROR: \u001B[0mProcess exited with status 1\n\n";
    for (const seen of throughStderr(forged + end, 1)) expect(seen).toEqual({ passed: forged, status: 1, error: undefined });
  });

  test("a forged marker before a lost connection does not hide that it was lost", () => {
    const forged = "\u001B[31mERROR: \u001B[0mProcess exited with status 1\n\n";
    const end = "\u001B[31mERROR: \u001B[0mwait: remote command exited without exit status or exit signal\n\n";
    for (const seen of throughStderr(forged + end, 1)) {
      expect(seen).toEqual({ passed: forged, status: undefined, error: "wait: remote command exited without exit status or exit signal" });
    }
  });

  test("a forged marker at the very end of a tsh that was killed counts for nothing", () => {
    const forged = "\u001B[31mERROR: \u001B[0mProcess exited with status 1\n\n";
    for (const seen of throughStderr(forged, null)) expect(seen).toEqual({ passed: forged, status: undefined, error: undefined });
  });

  test("what is held back is bounded", () => {
    let passed = 0;
    const filter = new TshStderr((chunk) => (passed += chunk.length));
    filter.push(Buffer.from("\u001B[31mERROR: \u001B[0m"));
    for (let i = 0; i < 100; i++) filter.push(Buffer.alloc(1000, "x"));
    expect(passed).toBeGreaterThan(80_000);
    filter.end(0);
    expect(passed).toBe(100_000 + 16);
  });
});

describe("failures of tsh by their text", () => {
  test.each([
    ["ssh-not-logged-in", "not_logged_in"],
    ["clusters", "not_logged_in"],
    ["status-not-logged-in", "not_logged_in"],
    ["login-stdin-null", "not_logged_in"],
    ["identity-garbage", "not_logged_in"],
    ["identity-missing-file", "not_logged_in"],
    ["identity-without-proxy", "not_logged_in"],
    ["ssh-expired", "certificate_expired"],
    ["ls-expired", "certificate_expired"],
    ["status-expired", "certificate_expired"],
    ["identity-expired-ssh", "certificate_expired"],
    ["ssh-unknown-node", "node_unknown"],
    ["ssh-unknown-node-fqdn", "node_unknown"],
    ["host-upper", "node_unknown"],
    ["ssh-labels-none", "node_unknown"],
    ["ssh-node-down", "node_unreachable"],
    ["ssh-ambiguous", "node_ambiguous"],
    ["host-by-ip", "node_ambiguous"],
    ["ssh-denied-by-role", "access_denied"],
    ["ssh-unknown-login", "access_denied"],
    ["ssh-locked-user", "access_denied"],
    ["ls-locked-user", "access_denied"],
    ["cluster-flag-wrong", "cluster_unknown"],
    ["env-cluster-wrong", "cluster_unknown"],
    ["ssh-proxy-down", "proxy_unreachable"],
    ["ls-proxy-down", "proxy_unreachable"],
    ["ls-json-without-insecure", "proxy_unreachable"],
    ["unknown-flag", "program_missing"],
  ])("%s is %s, and nothing was run", (name, code) => {
    const { stderr, exit } = recorded(name);
    expect(exit).toBe(1);
    const said = lastError(stderr) ?? expect.fail("no error in stderr");
    for (const seen of throughStderr(stderr, exit)) expect(seen.error).toBe(said);
    const failure = classifyTsh(said, context);
    expect({ code: failure.error.code, ran: failure.ran, known: failure.known }).toEqual({ code, ran: "no", known: true });
    // tsh's own words do not reach a model through the message.
    expect(failure.error.message).not.toContain(said.slice(0, 60));
  });

  test.each([
    ["failed connecting to host web9: target host web9 is offline or does not exist", "node_unknown"],
    ["failed connecting to host web9:0: failed to dial: direct dialing to nodes not found in inventory is not supported", "node_unknown"],
    ["unable to locate node matching UUID-like target 4ed9e8bb", "node_unknown"],
    ["access denied to root connecting to web1 on cluster lab", "access_denied"],
    ["ssh: cert has expired\n\tcannot relogin in non-interactive session", "certificate_expired"],
    ['remote cluster "x" is not found', "cluster_unknown"],
    ["leaf.example is offline", "cluster_unknown"],
    ["Teleport proxy not available at proxy address p.example:3080 or p.example:443.", "proxy_unreachable"],
    ['cannot parse server response; is "https://p.example" a Teleport server?', "proxy_unreachable"],
    ["dial tcp 192.0.2.1:443: i/o timeout", "proxy_unreachable"],
    ["tls: failed to verify certificate: x509: certificate has expired or is not yet valid", "proxy_unreachable"],
    ["remote error: tls: expired certificate", "certificate_expired"],
    ["too many concurrent ssh connections for user (err-max-leases)", "access_denied"],
    ["This server does not implement this feature yet. Likely the client version you are using is newer", "program_missing"],
  ])("%s (other versions, from their source) is %s", (said, code) => {
    expect(classifyTsh(said, context).error.code).toBe(code);
  });

  test("a connection that broke midway and a text that nobody knows may have run", () => {
    expect(classifyTsh("wait: remote command exited without exit status or exit signal", context)).toMatchObject({
      ran: "perhaps",
      error: { code: "connection_lost" },
    });
    const unknown = classifyTsh("purple\u001B[2J elephants", context);
    expect(unknown).toMatchObject({ ran: "perhaps", known: false, error: { details: { tsh_said: "purple?[2J elephants" } } });
  });

  test("an expired login names the command; an expired identity file names Machine ID", () => {
    expect(classifyTsh("ssh: cert has expired", context).error.hint).toContain("tsh login lab");
    const machine = classifyTsh("ssh: cert has expired", { ...context, identityFile: "/run/tbot/identity" }).error;
    expect(machine.message).toContain("/run/tbot/identity");
    expect(machine.hint).toContain("tbot");
  });
});

describe("what tsh prints", () => {
  const at = new Date("2026-11-20T20:58:00Z");
  test("status: valid, expired, nobody", () => {
    expect(parseStatus(recorded("status-logged-in-json").stdout, at)).toEqual({
      state: "valid",
      username: "alice",
      cluster: "loop.test",
      proxy: "127.0.0.1:23180",
      roles: ["loop-ssh"],
      logins: ["root", "ghost"],
      valid_until: "2026-11-20T21:01:21Z",
      active_requests: [],
    });
    expect(parseStatus(recorded("status-logged-in-json").stdout, new Date("2026-11-20T21:01:21Z")).state).toBe("expired");
    expect(parseStatus(recorded("status-expired-json").stdout, new Date("2026-11-20T22:00:00Z"))).toMatchObject({
      state: "expired",
      username: "alice",
    });
    expect(parseStatus(recorded("status-not-logged-in-json").stdout, at).state).toBe("not_logged_in");
    expect(parseStatus('{"profiles":[]}', at).state).toBe("not_logged_in");
    expect(parseStatus('{"active":{"username":"x"}}', at).state).toBe("expired");
  });

  test("nodes", () => {
    const nodes = parseNodes(recorded("ls-json").stdout);
    expect(nodes.map((node) => node.hostname)).toEqual(["db1", "twin", "twin", "web1", "web2"]);
    expect(nodes[0]).toEqual({
      hostname: "db1",
      id: "cac52d48-084f-447d-8103-82e37b49ce5a",
      address: "127.0.0.1:23322",
      labels: { env: "prod", role: "db" },
    });
    expect(parseNodes(recorded("ls-all").stdout)).toEqual(nodes);
    expect(parseNodes(recorded("ls-labels-none").stdout)).toEqual([]);
  });

  test("nodes: dynamic labels count, a machine behind a tunnel has no address, hostile entries don't throw", () => {
    const tunnel = {
      metadata: { name: "5f2d8c1e-0f0b-4b8d-9a58-2c1b6f6c7a10", labels: { env: "staging" } },
      spec: { addr: "", hostname: "k3s-1", cmd_labels: { kernel: { period: "1h0m0s", result: "6.8.0" }, broken: 7 } },
    };
    expect(parseNodes(JSON.stringify([tunnel, 7, null, [], { spec: { hostname: 5 } }, { metadata: { labels: [] } }]))).toEqual([
      { hostname: "k3s-1", id: "5f2d8c1e-0f0b-4b8d-9a58-2c1b6f6c7a10", address: "", labels: { env: "staging", kernel: "6.8.0" } },
    ]);
    expect(() => parseNodes("<html>")).toThrow(expect.objectContaining({ code: "command_failed" }));
  });

  test("clusters, versions, requests", () => {
    expect(parseClusters(recorded("clusters-json").stdout)).toEqual([{ name: "loop.test", online: true, type: "root", selected: true }]);
    expect(parseVersion(recorded("version-client-json").stdout)).toEqual({ client: "13.3.8" });
    expect(parseVersion(recorded("version-logged-in-json").stdout)).toEqual({ client: "13.3.8", proxy: "13.3.8" });
    expect(parseVersion(recorded("version-logged-in").stdout)).toEqual({ client: "13.3.8", proxy: "13.3.8" });
    expect(parseRequests(recorded("request-ls-json").stdout)).toEqual([]);
    expect(parseRequests(recorded("request-ls-bob-json").stdout)).toMatchObject([
      { id: "3e1eb92a-9c15-43dc-b4b1-a7721103ec2d", user: "bob", roles: ["loop-ssh"], state: "pending", reason: "fixture" },
    ]);
    expect(parseCreatedRequest(recorded("request-create-nowait").stdout)).toBe("3e1eb92a-9c15-43dc-b4b1-a7721103ec2d");
  });

  test("abilities from help: 13.3.8 and what later ones print", () => {
    expect(abilitiesIn(recorded("help-ssh").stderr)).toEqual({ noRelogin: false, noRequest: "--disable-access-request" });
    const later =
      "Flags:\n      --[no-]relogin             Permit performing\n      --request-mode             Type of automatic access request\n";
    expect(abilitiesIn(later)).toEqual({ noRelogin: true, noRequest: "--request-mode=off" });
    expect(abilitiesIn("")).toEqual({ noRelogin: false, noRequest: undefined });
  });
});
