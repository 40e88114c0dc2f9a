import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { startBin, type BinRun } from "../support/bin.ts";
import { newHome, type TestHome } from "../support/home.ts";
import { META_WORKFLOWS_BIN, startAgent } from "../support/mcp-client.ts";
import { until } from "../support/processes.ts";

// What an author types, from nothing to a run that is judged afterwards: the built bin, a real Temporal.

let home: TestHome;
beforeAll(async () => {
  home = await newHome({ bin: META_WORKFLOWS_BIN, config: "meta_workflows: {}\n" });
});
afterAll(() => home.remove());

const bin = (...args: string[]): BinRun => startBin(args, { cwd: home.project, env: home.env, bin: META_WORKFLOWS_BIN });

test("new, lint, test, plan, simulate and docs, one after the other; hostile arguments are refused with 2", async () => {
  for (const [args, code, said] of [
    [["new", "first-one"], 0, /meta-workflows\/first-one: workflow\.yaml/],
    [["new", "first-one"], 1, /is there already/],
    [["new", "../outside"], 2, /no name: kebab-case/],
    [["new", "--name"], 2, /has no option --name/],
    [["lint"], 0, /1 definition, 0 registries: 0 errors, 0 warnings/],
    [["lint", "../nowhere", "--sarif"], 2, /No folder, definition or registry/],
    [["test"], 0, /3 of 3 steps touched\n1 scenario/],
    [["plan", "first-one", "--inputs", '{"subject":"x"}'], 0, /\+ look:/],
    [["simulate", "first-one"], 0, /end: completed/],
    [["docs", "--check"], 0, /current/],
    [["audit", "nobody"], 1, /No run is called/],
  ] as const) {
    const ended = await bin(...args).ended;
    expect({ args, code: ended.code }, ended.stderr).toEqual({ args, code });
    expect(ended.stdout + ended.stderr).toMatch(said);
  }
});

test("a run is watched, and judged by its page", async () => {
  const env = { ...home.env, WORKFLOW_DEFINITIONS_PATH: join(home.project, "meta-workflows") };
  const agent = await startAgent({ bin: META_WORKFLOWS_BIN, roots: [home.project], home: home.home, env });
  try {
    const started = await agent.call("start_workflow", {
      workflow_name: "first-one",
      inputs: { subject: "`x` | <b>" },
      workflow_id: "judged",
    });
    expect(started.isError, started.text).toBe(false);
    const watching = bin("runs", "--watch");
    await until(() => watching.said().includes("judged  first-one  pending_action at look, 0 done"), "the first line of the view");
    const result = { findings: ["| # forged | heading"], needs_change: false };
    const done = await agent.call("submit_result", { workflow_id: "judged", result });
    expect(done.data["status"], done.text).toBe("completed");
    const watched = await watching.ended;
    expect(watched).toMatchObject({ code: 0, stdout: expect.stringContaining("judged  first-one  completed") });
    expect(watched.stdout).not.toContain("\u001b");
  } finally {
    await agent.close();
  }
  const written = await bin("audit", "judged", "--out", "page.md").ended;
  expect(written.code, written.stderr).toBe(0);
  const page = await readFile(join(home.project, "page.md"), "utf8");
  expect(page).toContain("| status | `completed` |");
  expect(page).toMatch(/\| [\d:.TZ-]+ \| `look#1` \| completed \| .* \| accepted \| `[0-9a-f]{64}`/);
  expect(page).toMatch(/\| `agent:test-client@[^`]+` \| `submit_result` \| `[^`]+` \|/);
  expect(page).toContain("Nobody was asked to decide.");
  expect(page).toMatch(/### `look` \(done\)\n\n```json\n[^]*forged/);
  expect(page).not.toMatch(/^#+ forged|^\| # forged/m);
  expect((await bin("audit", "judged", "--out", "page.md").ended).code).toBe(1);
});
