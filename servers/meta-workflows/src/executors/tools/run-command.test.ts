import { existsSync } from "node:fs";
import { userInfo } from "node:os";
import { join } from "node:path";
import { openRemote } from "@platform-ops/remote-command";
import type { ClusterSettings, EnvironmentRemote } from "@platform-ops/ledger";
import { temporaryPolicy } from "@platform-ops/ledger/testing";
import type { Json } from "@platform-ops/meta-workflow-registry/definition";
import type { CallOptions, CallOutcome } from "@platform-ops/meta-workflow-registry/run";
import { afterEach, describe, expect, it } from "vitest";
import { createExecutors, type Executors } from "../create-executors.ts";
import { callContext, callOptions, openTestDeps, type TestDeps } from "../executor-deps.test-support.ts";

// Commands of runbooks by the operator's policy; the machine is this one.

const CLUSTER: ClusterSettings = {
  transport: "local",
  teleport: { cluster: "here", mode: "tsh", insecure: false },
  ssh: { hosts: [], known_hosts: [], identity_files: [], via: "ssh2" },
  envelope: "watchdog",
  sudo_timeout: "inside",
};

let test: TestDeps;
let executors: Executors;
let count = 0;
afterEach(async () => {
  await executors.close();
  await test.ledger.dispose();
});

async function machines(preset: EnvironmentRemote["preset"]): Promise<void> {
  const remote: EnvironmentRemote = { preset, sudo: false, kubeconfig: "default", deny: [], ask: [], allow: [] };
  const policy = temporaryPolicy([{ name: "here", match: { clusters: ["here"] }, protected: false, channels: ["cli"], remote }]);
  test = await openTestDeps({}, {}, { policy });
  const settings = { clusters: { here: CLUSTER }, timeout_seconds: 30, max_timeout_seconds: 600, concurrency: 1, remedies: {} };
  const env = { PATH: "/usr/bin:/bin", HOME: test.root, USER: userInfo().username };
  const opened = openRemote({
    settings,
    policy,
    surroundings: { env, home: test.root, platform: process.platform, runtimeFolder: join(test.root, "sockets") },
    graceSeconds: 1,
  });
  executors = createExecutors({ ...test.deps, remote: () => Promise.resolve(opened) });
}

const command = (argv: string[], options: Partial<CallOptions> = {}, more: { readonly [name: string]: Json } = {}): Promise<CallOutcome> =>
  executors.call(
    { kind: "tool", server: "remote", tool: "run_command", args: { cluster: "here", node: "localhost", argv, ...more } },
    callOptions({ effect_key: `mw-${++count}`, ...options }),
    callContext(),
  );

describe("a command on a machine", () => {
  it("runs where the policy lets it, word by word, and is on record", async () => {
    await machines("open");
    expect(await command(["printf", "%s|", "a b", "$HOME", "-x"])).toMatchObject({
      status: "done",
      output: { exit_code: 0, stdout: "a b|$HOME|-x|", stderr: "", truncated: false },
    });
    expect(await command(["false"])).toMatchObject({ status: "failed", code: "command_failed", output: { exit_code: 1 } });
    expect(await command(["sleep", "30"], { timeout: 1_500 })).toMatchObject({ status: "unknown" });
    const audit = await test.deps.audit.read();
    expect(audit.filter(({ what }) => what === "run_command").map(({ outcome }) => outcome)).toEqual(["exit 0", "exit 1", "timed_out"]);
  });

  it("waits for a person where the policy asks; the same call then runs it, once", async () => {
    await machines("guarded");
    const touch = ["touch", join(test.root, "touched")];
    const options = { effect_key: "mw-touch", path: "touch#1" };
    const waiting = await command(touch, options);
    expect(waiting).toMatchObject({
      status: "failed",
      code: "approval_needed",
      output: { environment: "here", approval: expect.stringMatching(/^apr_/) },
    });
    expect(existsSync(touch[1]!)).toBe(false);
    const { approval } = (waiting as unknown as { output: { approval: string } }).output;
    expect(await command(touch, options)).toMatchObject({ code: "approval_needed", output: { approval } });
    await test.deps.approvals.decide({ id: approval, decision: "approved", channel: "cli", approver: "tty:ann" });
    expect(await command(["touch", join(test.root, "other")])).toMatchObject({ code: "approval_needed" });
    expect(await command(touch, options)).toMatchObject({ status: "done" });
    expect(existsSync(touch[1]!)).toBe(true);
    expect(await command(touch)).toMatchObject({ code: "approval_needed" });
  });

  it("is not begun where the policy refuses it, nor as a look", async () => {
    await machines("locked");
    expect(await command(["id"])).toMatchObject({ status: "failed", code: expect.stringMatching(/^(not_allowed|approval_needed)$/) });
    expect(await command(["id"], { read_only: true })).toMatchObject({ status: "failed", code: "not_allowed" });
    expect(await command(["id"], {}, { cluster: "prod" })).toMatchObject({ status: "failed", code: "not_allowed" });
    expect(await command(["id"], {}, { node: "--help" })).toMatchObject({ status: "failed", code: "invalid_input" });
    expect(await command(["id"], {}, { user: "-lroot" })).toMatchObject({ status: "failed", code: "invalid_input" });
    expect(await command([], {})).toMatchObject({ status: "failed", code: "invalid_input" });
    expect(await command(["id"], {}, { env: { A: "1" } })).toMatchObject({ status: "failed", code: "invalid_input" });
  });
});
