import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { CLIENTS, connect, serverContract } from "@platform-ops/mcp-kit/testing";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { REPOSITORY } from "../support/mcp-client.ts";
import { inProcess, type InProcess } from "../support/terraform-definition.ts";

// The terraform server, in this process, through clients of both SDK lines and both protocol eras.

/** What a model reads on every turn, at about four characters a token. */
const LIST_TOKENS = 2_500;
const RESULT_TOKENS = 2_000;

const tokens = (text: string): number => Math.ceil(text.length / 4);

let server: InProcess;

beforeAll(async () => {
  server = await inProcess();
  await writeConfig(server.project, 2);
});
afterAll(() => server?.remove());

/** An infra.yaml of `count` workspaces, each needing the one before. */
async function writeConfig(folder: string, count: number): Promise<void> {
  const names = Array.from({ length: count }, (_, i) => `workspace-${i}`);
  await Promise.all(names.map((name) => mkdir(join(folder, name), { recursive: true })));
  await Promise.all(names.map((name) => writeFile(join(folder, name, "main.tf"), 'resource "terraform_data" "it" {}\n')));
  const workspaces = names.map((name, i) => ({ name, dir: join(folder, name), dependsOn: i === 0 ? [] : [names[i - 1]] }));
  await writeFile(join(folder, "infra.yaml"), JSON.stringify({ workspaces }));
}

describe("the contract of every server", () => {
  for (const { name, check: expectKept } of serverContract(() => server.definition())) test(name, () => expectKept());
});

describe("tools/list", () => {
  test.each(CLIENTS)("is the golden listing, by %s", async (make) => {
    const golden = JSON.parse(await readFile(join(REPOSITORY, "servers/terraform/tools.snapshot.json"), "utf8")) as unknown[];
    await using client = await connect(server.definition(), { make });
    expect(await client.listTools()).toEqual(golden);
  });

  test(`costs at most ${LIST_TOKENS} tokens, with the instructions`, async () => {
    await using client = await connect(server.definition());
    expect(tokens(JSON.stringify(await client.listTools()) + client.instructions)).toBeLessThanOrEqual(LIST_TOKENS);
  });

  test("offers reading tools without a question to the person in Claude and others: readOnlyHint", async () => {
    await using client = await connect(server.definition());
    const reading = (await client.listTools()).filter((tool) => tool.annotations?.readOnlyHint === true).map((tool) => tool.name);
    expect(reading).toEqual(["list_workflows", "get_workflow_status", "get_plan", "get_outputs", "list_runs"]);
  });
});

describe("results", () => {
  test.each(CLIENTS)("text and structured content each suffice alone, by %s", async (make) => {
    await using client = await connect(server.definition(), { make });
    const { text, data, isError } = await client.call("list_workflows", {});
    expect(isError, text).toBe(false);
    expect(JSON.parse(text)).toEqual(data);
    expect(data).toMatchObject({
      config_path: "infra.yaml",
      workspace_root: ".",
      workflows: [{ name: "ParentWorkflow", workspace_count: 2 }],
    });
  });

  test.each(CLIENTS)("a failure has a code, what happened, and the next call in both halves, by %s", async (make) => {
    await using client = await connect(server.definition(), { make });
    const { text, data, isError } = await client.call("list_workflows", { config_path: "nowhere/infra.yaml" });
    expect(isError).toBe(true);
    expect(text).toContain("Config file not found: nowhere/infra.yaml. Using default schema.");
    expect(data.error.code).toBe("config_not_found");
    expect(data.error.message).toContain("nowhere/infra.yaml");
    expect(JSON.stringify(data)).toContain("input_schema");
  });

  test(`of a large configuration stay within ${RESULT_TOKENS} tokens and say how to read on`, async () => {
    const large = join(server.project, "large");
    await writeConfig(large, 120);
    await using client = await connect(server.definition());
    const seen: string[] = [];
    for (let cursor: string | undefined, page = 0; page < 20; page += 1) {
      const { text, data, isError } = await client.call("list_workflows", {
        config_path: "large/infra.yaml",
        ...(cursor === undefined ? {} : { cursor }),
      });
      expect(isError, text).toBe(false);
      expect(tokens(text)).toBeLessThanOrEqual(RESULT_TOKENS * 1.2);
      expect(data["workflows"][0].workspace_count).toBe(120);
      seen.push(...data["workflows"][0].configured_workspaces.map((w: { name: string }) => w.name));
      cursor = data["next_cursor"];
      expect(data["truncated"]).toBe(cursor !== undefined);
      if (cursor === undefined) break;
    }
    expect(seen).toEqual(Array.from({ length: 120 }, (_, i) => `workspace-${i}`));
  });

  test("a configuration with hundreds of mistakes is refused in a few", async () => {
    const workspaces = Array.from({ length: 300 }, (_, i) => ({ name: `w${i}`, dir: `nowhere-${i}` }));
    await using client = await connect(server.definition());
    const { text, data } = await client.call("execute_workflow", { config: { workspaces } });
    expect(data.error.code).toBe("invalid_config");
    expect(text).toContain("nowhere-0");
    expect(text).toContain("300 problems");
    expect(tokens(text)).toBeLessThanOrEqual(RESULT_TOKENS);
    expect(tokens(JSON.stringify(data))).toBeLessThanOrEqual(2 * RESULT_TOKENS);
  });

  test("a part that is missing is named with the one command that brings it; nothing is installed by a call", async () => {
    await using client = await connect(server.definition());
    const { data, isError } = await client.call("list_runs", {});
    expect(isError).toBe(true);
    expect(data.error.code).toBe("setup_needed");
    expect(JSON.stringify(data.error)).toContain("terraform-mcp setup");
  });
});
