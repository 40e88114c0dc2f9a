import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { realpathSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { inspect } from "../conformance/inspector.ts";
import { goldenTools, PUBLISHED_BINS } from "../support/published-bins.ts";

// Every built server by the command line of the official inspector.

let folder: string;

beforeAll(async () => {
  folder = realpathSync(await mkdtemp(join(tmpdir(), "platform-ops-inspector-")));
  await mkdir(join(folder, "network"));
  await writeFile(join(folder, "network/main.tf"), "");
  await writeFile(join(folder, "infra.yaml"), "workspaces:\n  - name: network\n    dir: network\n");
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** A call that works on a machine on which nothing was set up, and a part of its answer. */
const CALLS: Readonly<Record<string, { call: readonly string[]; answered: string }>> = {
  terraform: { call: ["--tool-name", "list_workflows", "--tool-arg", "config_path=infra.yaml"], answered: '"network"' },
  "flux-teleport": { call: ["--tool-name", "list_environments"], answered: '"default"' },
  "meta-workflows": { call: ["--tool-name", "list_meta_workflows"], answered: "MW-001" },
};

describe.each(PUBLISHED_BINS)("$server by the inspector", (published) => {
  const args = (): string[] => (published.server === "terraform" ? ["--root", folder] : []);
  const ask = (...words: string[]) => inspect(published, join(folder, "home"), args(), ["--method", ...words]);

  test("lists its tools", async () => {
    const { answer } = await ask("tools/list");
    expect(answer.tools).toEqual(goldenTools(published));
  });

  test("answers a call", async () => {
    const { call, answered } = CALLS[published.server]!;
    const { answer, code } = await ask("tools/call", ...call);
    expect(answer.isError ?? false, JSON.stringify(answer)).toBe(false);
    expect(JSON.stringify(answer.structuredContent)).toContain(answered);
    expect(answer.content[0].type).toBe("text");
    expect(code).toBe(0);
  });

  test("lists resources and prompts, or says that it has none", async () => {
    const [resources, prompts] = await Promise.all([ask("resources/list"), ask("prompts/list")]);
    if (published.server === "meta-workflows") {
      expect(resources.answer.resources.length).toBeGreaterThan(0);
      expect(prompts.answer.prompts.length).toBeGreaterThan(0);
    } else {
      for (const { code, stderr } of [resources, prompts]) {
        expect(code).not.toBe(0);
        expect(stderr).toMatch(/does not support|Method not found/);
      }
    }
  });
});
