import { readFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { CLIENTS, connect, serverContract } from "@platform-ops/mcp-kit/testing";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createDeps, type MetaWorkflowsDeps } from "../../servers/meta-workflows/src/deps.ts";
import { readConfig } from "../../servers/meta-workflows/src/read-config.ts";
import { metaWorkflowsServer } from "../../servers/meta-workflows/src/server.ts";
import { REPOSITORY } from "../support/mcp-client.ts";

// The meta-workflows server, in this process, through clients of both SDK lines and both protocol eras; with no Temporal.

/** What a model reads on every turn, at about four characters a token. */
const LIST_TOKENS = 2_500;
const tokens = (text: string): number => Math.ceil(text.length / 4);

let home: string;
let deps: MetaWorkflowsDeps;
const definition = () => metaWorkflowsServer(deps);
beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), "meta-workflows-contract-"));
  deps = createDeps(
    readConfig({
      argv: [`--home=${home}`],
      env: { PATH: "" },
      script: join(REPOSITORY, "servers/meta-workflows/dist/bin.js"),
      runtime: process.execPath,
      cwd: home,
      home,
      user: "ann",
      platform: "linux",
    }),
  );
});
afterAll(async () => {
  await deps.close();
  await rm(home, { recursive: true, force: true });
});

for (const { name, check: expectKept } of serverContract(definition)) test(name, () => expectKept());

test.each(CLIENTS)("tools/list is the golden listing, by %s", async (make) => {
  const golden = JSON.parse(readFileSync(join(REPOSITORY, "servers/meta-workflows/tools.snapshot.json"), "utf8")) as unknown;
  await using client = await connect(definition(), { make });
  expect(await client.listTools()).toEqual(golden);
});

test(`all tools cost at most ${LIST_TOKENS} tokens, with the instructions`, async () => {
  await using client = await connect(definition());
  expect(tokens(JSON.stringify(await client.listTools()) + client.instructions)).toBeLessThanOrEqual(LIST_TOKENS);
});

describe("the library", () => {
  test("list_meta_workflows has the keys of the source, and the registry's rows as they are", async () => {
    await using client = await connect(definition());
    const { data } = await client.call("list_meta_workflows");
    expect(Object.keys(data).toSorted()).toEqual(
      ["available", "count", "workflows", "message", "full_doc_path", "ansible_command", "ansible_steps"].toSorted(),
    );
    expect(data["count"]).toBe(data["workflows"].length);
    expect(data["workflows"]).toContainEqual({
      id: "MW-001",
      name: expect.any(String),
      trigger: expect.stringContaining("This thread is ending"),
      status: "active",
    });
  });

  test("a wish is matched with reasons; a definition is shown in four views", async () => {
    await using client = await connect(definition());
    const match = await client.call("match_meta_workflow", { intent: "deploy to production" });
    expect(match.data).toMatchObject({
      certain: true,
      next: { tool: "start_workflow", arguments: { workflow_name: "staged-deployment" } },
    });
    for (const [view, text] of [
      ["summary", "Steps:"],
      ["prose", "## "],
      ["definition", "schema: meta-workflow/v1"],
      ["diagram", "flowchart"],
    ] as const)
      expect((await client.call("get_meta_workflow", { id: "incident-response", view })).text, view).toContain(text);
    const unknown = await client.call("get_meta_workflow", { id: "incident-respons" });
    expect(unknown.data["error"]).toMatchObject({ code: "not_found", message: expect.stringContaining("incident-response") });
  });

  test("every problem of a definition is told with its line", async () => {
    await using client = await connect(definition());
    const { data } = await client.call("validate_meta_workflow", { yaml: "id: x\nsteps:\n  - { id: a, type: promt }\n" });
    expect(data).toMatchObject({ valid: false });
    expect(data["problems"]).toContainEqual(expect.objectContaining({ code: "UNKNOWN_STEP_TYPE", line: 3 }));
  });

  test("is read as resources too, and started by prompts", async () => {
    await using client = await connect(definition());
    const { uris, templates } = await client.listResources();
    expect(uris).toContain("workflow://meta-workflows/incident-response");
    expect(templates).toEqual(["workflow://meta-workflows/{id}", "workflow://meta-workflows/{id}/diagram", "workflow://runs/{id}"]);
    expect(await client.read("workflow://meta-workflows")).toContain("## Workflow Registry");
    expect(await client.read("workflow://meta-workflows/incident-response/diagram")).toContain("flowchart");
    expect(JSON.parse(await client.read("workflow://schema/v1"))).toMatchObject({ type: "object" });
    const prompts = (await client.listPrompts()).map(({ name }) => name);
    expect(prompts).toEqual(
      expect.arrayContaining([
        "new_tool_workflow",
        "end_session_workflow",
        "debug_flux_workflow",
        "validate_design_workflow",
        "incident-response",
      ]),
    );
    expect(await client.prompt("end_session_workflow")).toContain('start_workflow with {"workflow_name":"MW-001"');
  });

  test("a part that is missing is named with the command that brings it", async () => {
    await using client = await connect(definition());
    const { data } = await client.call("start_workflow", { workflow_name: "MW-003" });
    expect(data["error"]).toMatchObject({ code: "setup_needed", hint: expect.stringContaining("setup") });
    const health = await client.call("health_check");
    expect(health.data).toMatchObject({ status: "unhealthy", components: { temporal: { connected: false } }, mock_mode: false });
  });
});
