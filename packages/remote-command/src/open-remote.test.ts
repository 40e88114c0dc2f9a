import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir, userInfo } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { RemoteCommand } from "./command.ts";
import { openRemote } from "./open-remote.ts";
import type { Remote, RunOptions } from "./remote.ts";
import { clusterSettings, remotePolicy, remoteSettings, surroundings } from "./testing/remote-settings.ts";
import type { RemoteNode, Target } from "./target.ts";
import type { ExecEnd, ExecRequest, Transport } from "./transport.ts";

const HERE: Target = { cluster: "here", node: "localhost", user: userInfo().username };
const READ: RunOptions = { effect: "read", timeoutMs: 20_000, capture: { for: "model", maxBytes: 20_000 } };
const program = (name: string, ...args: string[]): RemoteCommand => ({ kind: "program", program: name, args });

let folder: string;
beforeAll(() => (folder = mkdtempSync(join(tmpdir(), "remote-"))));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const here = (policy = remotePolicy(), settings = remoteSettings()): Remote =>
  openRemote({ settings, policy, surroundings: surroundings(folder), graceSeconds: 1 });

describe("on this machine", () => {
  test("a command runs and its result is told", async () => {
    const remote = here();
    expect(remote.clusters).toEqual(["here"]);
    expect(await remote.run(HERE, program("printf", "%s|", "a b", "$HOME"), READ)).toMatchObject({
      target: HERE,
      state: "completed",
      remote: "ended",
      exit_code: 0,
      stdout: { text: "a b|$HOME|", bytes: 10, truncated: false },
      stderr: { text: "", bytes: 0, truncated: false },
    });
    await remote.close();
  });

  test("it gets an allow-listed environment, its home as folder, and no secret of ours", async () => {
    const { stdout } = await here().run(HERE, { kind: "shell", text: "pwd; env" }, { ...READ, effect: "free" });
    expect(stdout.text).toContain(`${folder}\n`);
    expect(stdout.text).toContain("KUBECONFIG=/kube");
    expect(stdout.text).not.toContain("s3cret");
  });

  test("there is one machine and one account", async () => {
    const remote = here();
    expect(await remote.run({ ...HERE, node: "web1" }, program("true"), READ)).toMatchObject({
      state: "not_started",
      failure: { code: "node_unknown" },
    });
    expect(await remote.run({ ...HERE, user: "nobody2" }, program("true"), READ)).toMatchObject({
      state: "not_started",
      failure: { code: "access_denied" },
    });
    expect(await remote.nodes("here", new AbortController().signal)).toMatchObject([{ hostname: "localhost" }]);
    expect(await remote.userOn("here", "localhost")).toBe(userInfo().username);
  });

  test("what was cancelled before is not begun; its canary lives", async () => {
    const canary = join(folder, "canary");
    const result = await here().run(HERE, program("touch", canary), { ...READ, effect: "write", signal: AbortSignal.abort() });
    expect(result).toMatchObject({ state: "not_started", failure: { code: "cancelled" } });
    expect(existsSync(canary)).toBe(false);
  });
});

describe("policy", () => {
  test("nothing is reachable until it is allowed", async () => {
    const remote = here(remotePolicy(), remoteSettings({}));
    await expect(remote.run(HERE, program("true"), READ)).rejects.toMatchObject({
      code: "not_allowed",
      hint: expect.stringContaining("ALLOWED_TELEPORT_CLUSTERS"),
    });
    await expect(remote.nodes("here", new AbortController().signal)).rejects.toMatchObject({ code: "not_allowed" });
    await expect(here().judge({ ...HERE, cluster: "__proto__" }, program("true"), READ)).rejects.toMatchObject({ code: "not_allowed" });
  });

  test("what it refuses or asks for does not run, whatever consent is shown but the right one", async () => {
    const canary = join(folder, "canary-policy");
    const touch = program("touch", canary);
    const write: RunOptions = { ...READ, effect: "write" };
    await expect(here(remotePolicy({ preset: "locked" })).run(HERE, touch, write)).rejects.toMatchObject({ code: "not_allowed" });
    const remote = here(remotePolicy({ preset: "guarded" }));
    await expect(remote.run(HERE, touch, write)).rejects.toMatchObject({ code: "approval_needed" });
    const consentFor = async (command: RemoteCommand, target = HERE): Promise<RunOptions["consent"]> => ({
      digest: (await remote.judge(target, command, write)).subject.digest,
      approval: "apr_1",
      approver: "tty:ada",
    });
    for (const other of [program("touch", `${canary}2`), { ...touch, sudo: true }, { ...touch, stdin: "x" }, { ...touch, cwd: "/" }])
      await expect(remote.run(HERE, touch, { ...write, consent: (await consentFor(other))! })).rejects.toMatchObject({
        code: "approval_needed",
      });
    await expect(
      remote.run(HERE, touch, { ...write, consent: (await consentFor(touch, { ...HERE, user: "other" }))! }),
    ).rejects.toMatchObject({ code: "approval_needed" });
    expect(existsSync(canary)).toBe(false);
    expect(await remote.run(HERE, touch, { ...write, consent: (await consentFor(touch))! })).toMatchObject({
      state: "completed",
      exit_code: 0,
    });
    expect(existsSync(canary)).toBe(true);
  });

  test("names are checked before anything is asked or started", async () => {
    const remote = here();
    for (const target of [
      { ...HERE, node: "env=prod" },
      { ...HERE, node: "-oProxyCommand=x" },
      { ...HERE, user: "-l" },
      { ...HERE, user: "root;id" },
    ])
      await expect(remote.run(target, program("true"), READ)).rejects.toMatchObject({ code: "invalid_input" });
    await expect(remote.run(HERE, program("A=b"), READ)).rejects.toMatchObject({ code: "invalid_input" });
    await expect(remote.run(HERE, program("echo", "a\0b"), READ)).rejects.toMatchObject({ code: "invalid_input" });
  });
});

/** A transport that the test drives. */
function driven(
  exec: (request: ExecRequest) => Promise<ExecEnd> | ExecEnd,
  nodes: readonly RemoteNode[] = [],
): Transport & { seen: ExecRequest[]; closed: boolean } {
  const transport = {
    kind: "ssh" as const,
    seen: [] as ExecRequest[],
    closed: false,
    exec: async (request: ExecRequest) => {
      transport.seen.push(request);
      return await exec(request);
    },
    nodes: () => Promise.resolve(nodes),
    defaultUser: () => Promise.resolve(undefined),
    close: async () => void (transport.closed = true),
  };
  return transport;
}

const markOf = ({ words }: ExecRequest): string => words![4]!;
const says = (request: ExecRequest, text: string, stderr = text): void => {
  request.onStdout(Buffer.from(text.replaceAll("MARK", markOf(request))));
  request.onStderr(Buffer.from(stderr.replaceAll("MARK", markOf(request))));
};
const NEVER = new Promise<never>(() => undefined);
const lost: ExecEnd = { how: "lost", exit_code: null };

describe("what is known of the end", () => {
  const run = async (
    effect: RunOptions["effect"],
    exec: (request: ExecRequest) => Promise<ExecEnd> | ExecEnd,
    more: Partial<RunOptions> = {},
  ): ReturnType<Remote["run"]> => {
    const transport = driven(exec);
    const remote = openRemote({
      settings: remoteSettings(),
      policy: remotePolicy(),
      surroundings: surroundings(folder),
      transportFor: () => transport,
      graceSeconds: 0,
      startMs: 300,
    });
    return await remote.run({ ...HERE, user: "me" }, program("true"), { ...READ, effect, ...more });
  };
  const started = (request: ExecRequest): void => says(request, "MARK-start 1\n");

  test.each<[string, RunOptions["effect"], (request: ExecRequest) => Promise<ExecEnd> | ExecEnd, object]>([
    ["a change whose connection broke before its start mark never ran", "write", () => lost, { state: "not_started", remote: "ended" }],
    [
      "a read that may have begun is unknown",
      "read",
      () => lost,
      { state: "unknown", remote: "unknown", failure: { code: "connection_lost" } },
    ],
    [
      "what had begun and whose end was not seen is unknown",
      "write",
      (request) => (started(request), lost),
      { state: "unknown", remote: "unknown", failure: { code: "connection_lost" } },
    ],
    [
      "a change that does not begin in time never will",
      "write",
      ({ signal }) => new Promise((resolve) => signal.addEventListener("abort", () => resolve(lost))),
      { state: "not_started", failure: { code: "connect_timeout" } },
    ],
    ["a transport that never ends is not waited for", "write", () => NEVER, { state: "not_started", failure: { code: "connect_timeout" } }],
    ["a transport that knows that nothing began", "read", () => ({ how: "refused", exit_code: null }), { state: "not_started" }],
    [
      "a login shell that ends by itself",
      "read",
      (request) => (request.onStdout(Buffer.from("This account is currently not available.\n")), { how: "exited", exit_code: 1 }),
      { state: "not_started", stdout: { text: "This account is currently not available.\n" }, failure: { code: "command_failed" } },
    ],
    [
      "the envelope killed from outside",
      "write",
      (request) => (started(request), { how: "signalled", exit_code: null, signal: "KILL" }),
      { state: "unknown", remote: "unknown" },
    ],
    [
      "the transport's own status does not count",
      "write",
      (request) => (says(request, "MARK-start 1\nMARK-end 3 0 138\n"), { how: "exited", exit_code: 255 }),
      { state: "completed", exit_code: 3 },
    ],
    [
      "what something left running",
      "write",
      (request) => (says(request, "MARK-start 1\nMARK-end 0 1 138\n"), NEVER),
      { state: "completed", exit_code: 0, remote: "left_running" },
    ],
    [
      "one end mark is enough when the connection then breaks",
      "write",
      (request) => (says(request, "MARK-start 1\nhalf", "MARK-start 1\nMARK-end 0 0 138\n"), lost),
      { state: "completed", exit_code: 0, stdout: { text: "half" } },
    ],
    [
      "a forged end of another command is output",
      "write",
      (request) => (says(request, `MARK-start 1\nplatform-ops-${"0".repeat(32)}-end 0 0 138\n`), lost),
      { state: "unknown" },
    ],
    [
      "a transport that throws",
      "read",
      () => Promise.reject(new Error("internal: secret path")),
      { state: "unknown", failure: { message: "The transport failed in a way that we did not foresee." } },
    ],
  ])("%s", async (_name, effect, exec, expected) => {
    expect(await run(effect, exec)).toMatchObject(expected);
  });

  test("the go-ahead is given once the start mark was seen, and only to what waits for it", async () => {
    const order: string[] = [];
    const exec = async (request: ExecRequest): Promise<ExecEnd> => {
      void request.goAhead?.then((bytes) => order.push(`go ${JSON.stringify(Buffer.from(bytes).toString())}`));
      await new Promise((resolve) => setTimeout(resolve, 50));
      order.push("start mark");
      started(request);
      await new Promise((resolve) => setTimeout(resolve, 50));
      says(request, "MARK-end 0 0 138\n");
      return lost;
    };
    await run("write", exec);
    expect(order).toEqual(["start mark", 'go "go\\n"']);
    order.length = 0;
    await run("read", exec);
    expect(order).toEqual(["start mark"]);
  });

  test("a cancelled command that had ended by itself is completed", async () => {
    const controller = new AbortController();
    const result = await run(
      "write",
      async (request) => {
        started(request);
        controller.abort();
        says(request, "MARK-end 0 0 138\n");
        return lost;
      },
      { signal: controller.signal },
    );
    expect(result).toMatchObject({ state: "completed", exit_code: 0 });
  });

  test("output beyond a parser's limit ends a read and is an error; a change goes on to its end", async () => {
    const tooMuch = async (request: ExecRequest): Promise<ExecEnd> => {
      says(request, `MARK-start 1\n${"x".repeat(200)}`, "MARK-start 1\n");
      await new Promise((resolve) => setTimeout(resolve, 20));
      says(request, `MARK-end 0 0 ${request.signal.aborted ? 3 : 138}\n`);
      return lost;
    };
    const capture = { for: "parser", maxBytes: 100 } as const;
    expect(await run("read", tooMuch, { capture })).toMatchObject({
      state: "cancelled",
      failure: { code: "output_too_large" },
      stdout: { text: "", truncated: true },
    });
    expect(await run("write", tooMuch, { capture })).toMatchObject({
      state: "completed",
      exit_code: 0,
      failure: { code: "output_too_large" },
    });
  });
});

describe("plain, without an envelope", () => {
  const settings = remoteSettings({ here: clusterSettings({ envelope: "plain" }) });
  const run = async (end: ExecEnd, output = "out"): ReturnType<Remote["run"]> => {
    const transport = driven((request) => {
      request.onStdout(Buffer.from(output));
      return end;
    });
    const remote = openRemote({ settings, policy: remotePolicy(), surroundings: surroundings(folder), transportFor: () => transport });
    const result = await remote.run({ ...HERE, user: "me" }, program("uptime"), { ...READ, effect: "write" });
    expect(transport.seen[0]).toMatchObject({ line: "uptime", endInput: true });
    return result;
  };

  test("the transport's word is all there is", async () => {
    expect(await run({ how: "exited", exit_code: 4 })).toMatchObject({ state: "completed", exit_code: 4, stdout: { text: "out" } });
    expect(await run({ how: "signalled", exit_code: null, signal: "TERM" })).toMatchObject({
      exit_code: null,
      signal: "TERM",
      failure: { code: "command_killed" },
    });
    expect(await run(lost)).toMatchObject({ state: "unknown", remote: "unknown" });
    expect(await run({ how: "refused", exit_code: null }, "")).toMatchObject({ state: "not_started" });
  });
});

describe("which machine and which login", () => {
  const nodes = [
    { hostname: "web1", id: "00000000-0000-4000-8000-000000000001", address: "10.0.0.1:3022", labels: { env: "prod" } },
    { hostname: "web2", address: "10.0.0.2:3022", labels: { env: "test" } },
  ];
  const remote = (policy = remotePolicy({ labels: { env: "prod" } })): Remote =>
    openRemote({
      settings: remoteSettings({
        here: clusterSettings({
          transport: "ssh",
          ssh: {
            hosts: [{ name: "web1", host: "web1", port: 22, user: "deploy@example.com", labels: {} }],
            known_hosts: [],
            identity_files: [],
            via: "ssh2",
          },
        }),
      }),
      policy,
      surroundings: surroundings(folder),
      transportFor: () => driven(() => lost, nodes),
    });

  test("labels are looked up where a rule wants them, by whichever name the machine was called", async () => {
    const judge = async (node: string): Promise<string> =>
      (await remote().judge({ cluster: "here", node, user: "me" }, program("true"), READ)).verdict;
    expect(await judge("web1")).toBe("run");
    expect(await judge("00000000-0000-4000-8000-000000000001")).toBe("run");
    expect(await judge("web2")).toBe("refuse");
    expect(await judge("web3")).toBe("refuse");
  });

  test("a login comes from the operator's file; one with a domain counts only there", async () => {
    expect(await remote().userOn("here", "web1")).toBe("deploy@example.com");
    await expect(remote().userOn("here", "web2")).rejects.toMatchObject({
      code: "invalid_input",
      hint: expect.stringContaining("remote.clusters.here.user"),
    });
    expect(
      await remote(remotePolicy()).judge({ cluster: "here", node: "web1", user: "deploy@example.com" }, program("true"), READ),
    ).toMatchObject({ verdict: "run" });
    await expect(remote().judge({ cluster: "here", node: "web1", user: "other@example.com" }, program("true"), READ)).rejects.toMatchObject(
      { code: "invalid_input" },
    );
  });
});

test("transports are opened once, and closed", async () => {
  const transport = driven(() => lost);
  let opened = 0;
  const remote = openRemote({
    settings: remoteSettings(),
    policy: remotePolicy(),
    surroundings: surroundings(folder),
    transportFor: () => ((opened += 1), transport),
  });
  await Promise.all([remote.run(HERE, program("true"), READ), remote.run(HERE, program("true"), READ)]);
  await remote.close();
  expect({ opened, closed: transport.closed }).toEqual({ opened: 1, closed: true });
});
