import { chmodSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { ServerConfig } from "@platform-ops/mcp-kit";
import type { CallOutcome } from "@platform-ops/meta-workflow-registry/run";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Executors } from "./create-executors.ts";
import { callContext, callOptions, openTestDeps, type TestDeps } from "./executor-deps.test-support.ts";
import { openExecutors } from "./open-executors.ts";

let test: TestDeps;
let executors: Executors;
let bindings = "";
let token = "";
beforeEach(async () => {
  test = await openTestDeps();
  bindings = join(test.ledger.folder, "bindings.yaml");
  token = join(test.ledger.folder, "token");
  writeFileSync(token, "t0ken-from-file\n", { mode: 0o600 });
  const meta_workflows = {
    definitions_path: [],
    max_pending_actions: 50,
    working_directories: [test.root],
    programs: ["sh"],
    servers: {},
    variables: [],
    http_hosts: [],
    bindings,
    secrets: { from_file: { file: token }, from_env: { env: "A_SECRET" } },
  };
  const config = {
    settings: { home: test.ledger.home, meta_workflows, remote: { clusters: {} } },
    files: { config: undefined },
    policy: test.deps.policy,
    env: { PATH: "/usr/bin:/bin", A_SECRET: "t0ken-from-env" },
    path: "/usr/bin:/bin",
    dist: test.ledger.folder,
    homeFolder: test.ledger.folder,
    platform: process.platform,
    version: "1.0.0",
  };
  executors = openExecutors({ ...test.deps, directory: test.ledger.dir }, config as unknown as ServerConfig);
});
afterEach(async () => {
  await executors.close();
  await test.ledger.dispose();
});

let count = 0;
const capability = (): Promise<CallOutcome> =>
  executors.call({ kind: "tool", capability: "a.b", args: {} }, callOptions({ effect_key: `mw-${++count}` }), callContext());
const bind = (output: string): void => {
  writeFileSync(bindings, `schema: bindings/v1\ncapabilities:\n  a.b: { simulated: [{ output: { is: ${output} } }] }\n`);
  utimesSync(bindings, new Date(), new Date(Date.now() + count * 1_000));
};

describe("the executors of a worker", () => {
  it("read bindings again where the file changed, and say what is wrong with it", async () => {
    expect(await capability()).toMatchObject({ status: "failed", code: "config_not_found" });
    bind("one");
    expect(await capability()).toMatchObject({ status: "done", output: { is: "one" } });
    bind("two");
    expect(await capability()).toMatchObject({ status: "done", output: { is: "two" } });
    bind("{");
    expect(await capability()).toMatchObject({ status: "failed", code: "invalid_config", message: expect.stringContaining("line 3") });
  });

  it("give secrets from where the operator keeps them, and never from a file that others may read", async () => {
    const echo = (secret: string): Promise<CallOutcome> => {
      const call = {
        kind: "program",
        argv: ["sh", "-c", 'test "$T" = "$1" && echo "$T"', "sh", secret === "from_file" ? "t0ken-from-file" : "t0ken-from-env"],
        env: {},
        secret_env: { T: secret },
      } as const;
      return executors.call(
        call,
        callOptions({ effect_key: `mw-${++count}` }),
        callContext({ secrets: ["from_file", "from_env", "toString"] }),
      );
    };
    expect(await echo("from_file")).toMatchObject({ status: "done", output: { stdout: "[redacted]\n" } });
    expect(await echo("from_env")).toMatchObject({ status: "done", output: { stdout: "[redacted]\n" } });
    expect(await echo("toString")).toMatchObject({ status: "failed", code: "credentials" });
    chmodSync(token, 0o644);
    expect(await echo("from_file")).toMatchObject({ status: "failed", code: "not_allowed" });
  });

  it("name our own servers, which are not installed here", async () => {
    const outcome = await executors.call(
      { kind: "tool", server: "terraform", tool: "list_workflows", args: {} },
      callOptions({ effect_key: `mw-${++count}`, read_only: true }),
      callContext(),
    );
    expect(outcome).toMatchObject({
      status: "failed",
      code: "program_missing",
      message: expect.stringMatching(/terraform-mcp is neither .* Run this once: npm install --global @platform-ops\/terraform-mcp/),
    });
  });
});
