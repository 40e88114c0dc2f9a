import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { digestOf } from "@platform-ops/meta-workflow-registry/expression";
import type { ServerCall } from "@platform-ops/meta-workflow-registry/run";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { requestApproval, useApproval, verifyApproval } from "./approvals/run-approvals.ts";
import { createExecutors, type Executors } from "./create-executors.ts";
import { callContext, callOptions, openTestDeps, type TestDeps } from "./executor-deps.test-support.ts";

const STAND_IN = `import { createInterface } from "node:readline";
const say = (m) => process.stdout.write(JSON.stringify({ jsonrpc: "2.0", ...m }) + "\\n");
createInterface({ input: process.stdin }).on("line", (line) => {
  const { id, method, params } = JSON.parse(line);
  if (method === "initialize") return say({ id, result: { protocolVersion: params.protocolVersion, capabilities: { tools: {} }, serverInfo: { name: "s", version: "1" } } });
  if (method === "server/discover") return say({ id, error: { code: -32601, message: "no" } });
  if (method === "tools/list") return say({ id, result: { tools: [{ name: "env", inputSchema: { type: "object" }, annotations: { readOnlyHint: true } }] } });
  if (method === "tools/call") say({ id, result: { content: [], structuredContent: { given: process.env.GIVEN ?? null, pid: process.pid } } });
});`;

let test: TestDeps;
let executors: Executors;
let node = "";
beforeAll(async () => {
  node = process.execPath;
  test = await openTestDeps(
    { environment: { PATH: process.env["PATH"], GIVEN: "the worker's" } },
    { programs: [node], variables: ["GIVEN"] },
  );
  const standIn = join(test.ledger.folder, "stand-in.mjs");
  writeFileSync(standIn, STAND_IN);
  const settings = { ...test.deps.settings, servers: { other: { command: [node, standIn], env: ["GIVEN"] } } };
  executors = createExecutors({ ...test.deps, settings });
});
afterAll(async () => {
  await executors.close();
  await test.ledger.dispose();
});

const kept = (variables: Record<string, string>): Promise<string> =>
  test.deps.artifacts.putJson({ variables: { PATH: process.env["PATH"] ?? "", ...variables } }, { kind: "environment" });
let calls = 0;
async function call(one: ServerCall, environment: string | undefined, secrets: string[] = []): Promise<unknown> {
  const options = callOptions({ path: `step-${(calls += 1)}#1`, read_only: one.kind === "tool" });
  const outcome = await executors.call(one, options, callContext({ secrets, ...(environment === undefined ? {} : { environment }) }));
  return outcome.status === "done" ? outcome.output : outcome;
}
const PRINTS: ServerCall = {
  kind: "program",
  argv: ["", "-e", "console.log(JSON.stringify([process.env.GIVEN, process.env.TOKEN ? process.env.TOKEN.length : 0]))"],
  env: {},
};
const prints = (more: object = {}): ServerCall =>
  ({ ...PRINTS, argv: [node, ...PRINTS.argv.slice(1)], cwd: test.root, ...more }) as ServerCall;
const TOOL: ServerCall = { kind: "tool", server: "other", tool: "env", args: {} };

describe("the calls of a run", () => {
  it("are made with the run's own variables, whoever started the worker; programs and servers alike", async () => {
    const [ann, bob] = await Promise.all([kept({ GIVEN: "ann's" }), kept({ GIVEN: "bob's" })]);
    expect(await call(prints(), ann)).toMatchObject({ stdout: '["ann\'s",0]\n' });
    expect(await call(prints(), bob)).toMatchObject({ stdout: '["bob\'s",0]\n' });
    expect(await call(TOOL, ann)).toMatchObject({ given: "ann's" });
    expect(await call(TOOL, bob)).toMatchObject({ given: "bob's" });
    expect(await call(TOOL, await kept({}))).toMatchObject({ given: null });
  });

  it("keep a server warm for the runs of one environment", async () => {
    const ann = await kept({ GIVEN: "ann's" });
    const [one, other] = [await call(TOOL, ann), await call(TOOL, ann)];
    expect(one).toEqual(other);
    for (let at = 0; at < 9; at += 1) await call(TOOL, await kept({ GIVEN: `${at}` }));
    expect(await call(TOOL, ann)).toMatchObject({ given: "ann's" });
    expect(await call(TOOL, ann)).not.toEqual(one);
  });

  it("get secrets from the run's own variables, and what these hold is masked", async () => {
    const environment = await kept({ SECRET_token: "hunter2-of-ann", API_TOKEN: "another-one-of-ann" });
    expect(await call(prints({ secret_env: { TOKEN: "token" } }), environment, ["token"])).toMatchObject({ stdout: "[null,14]\n" });
    expect(test.deps.redactor.text("another-one-of-ann")).not.toContain("another-one-of-ann");
  });

  it("are made with this process's variables in runs of earlier versions; one whose environment is gone fails and is not made", async () => {
    expect(await call(prints(), undefined)).toMatchObject({ stdout: '["the worker\'s",0]\n' });
    expect(await call(prints(), "0".repeat(64))).toMatchObject({ status: "failed", code: "artifact_missing" });
  });

  it("are approved with the run's environment: another one is another thing", async () => {
    const environment = await kept({ GIVEN: "ann's" });
    const digest = digestOf("x");
    const draft = { path: "go", step_id: "go", title: "Go?", subject: "x", bind: "x", required: 1, wait_at_most: 3_600_000 };
    const id = "apr_01JNZZZZZZZZZZZZZZZZZZZZZZ";
    await requestApproval(test.deps, { id, run_id: "run-1", workflow: "w", requester: "agent:test@ann", environment, draft, digest });
    const record = await test.deps.approvals.decide({ id, decision: "approved", channel: "cli", approver: "tty:ann" });
    const decision = await verifyApproval(test.deps, { run_id: "run-1", request: id, step_id: "go", digest, record });
    await useApproval(test.deps, decision, { run_id: "run-1", environment });
    await expect(useApproval(test.deps, decision, { run_id: "run-1", environment: "1".repeat(64) })).rejects.toMatchObject({
      code: "approval_mismatch",
    });
  });
});
