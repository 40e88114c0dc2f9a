import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { CallOutcome } from "@platform-ops/meta-workflow-registry/run";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createExecutors, type Executors } from "../create-executors.ts";
import { callContext, callOptions, openTestDeps, type TestDeps } from "../executor-deps.test-support.ts";

// The server's own command line stands in as a program that says what each file of the tests is to be found as.
const STAND_IN = `
const [command, json, path] = process.argv.slice(-3);
if (json !== "--json") process.exit(2);
const text = require("fs").readFileSync(path + (require("fs").statSync(path).isDirectory() ? "/workflow.yaml" : ""), "utf8");
if (text === "broken\\n") { console.error("cannot"); process.exit(2); }
const bad = text === "bad\\n";
console.log(JSON.stringify(command === "lint"
  ? { definitions: text === "notes\\n" ? 0 : 1, registries: 0, errors: bad ? 1 : 0, warnings: 1, problems: bad ? [{ code: "WF101", severity: "error", message: "no such input", line: 3, column: 1 }] : [] }
  : { passed: !bad, workflows: [{ file: path, problems: [], scenarios: [{ name: "one", file: "a", passed: true }, { name: "two", file: "b", passed: !bad }] }] }));
process.exit(bad ? 1 : 0);
`;

let test: TestDeps;
let executors: Executors;
beforeAll(async () => {
  test = await openTestDeps();
  const program = join(test.ledger.folder, "own.cjs");
  writeFileSync(program, STAND_IN);
  const own_servers = { "meta-workflows": () => ({ command: [process.execPath, program, "--home=/nowhere"] }) };
  executors = createExecutors({ ...test.deps, own_servers });
  for (const name of ["good", "bad", "notes", "broken"]) {
    mkdirSync(join(test.root, name));
    writeFileSync(join(test.root, name, "workflow.yaml"), `${name}\n`);
  }
});
afterAll(async () => {
  await executors.close();
  await test.ledger.dispose();
});

let count = 0;
const check = (name: string, given: Record<string, string | number>): Promise<CallOutcome> =>
  executors.call({ kind: "check", check: name, with: given }, callOptions({ effect_key: `mw-${++count}`, read_only: true }), callContext());

describe("runbooks as they lie in a folder", () => {
  it.each([
    ["good/workflow.yaml", { ok: true, errors: 0, warnings: 1 }],
    ["good", { ok: true }],
    ["bad", { ok: false, errors: 1, problems: ["3:1 WF101: no such input"] }],
    ["notes", { ok: false, message: "There is no definition at notes." }],
    ["nowhere.yaml", { ok: false, message: "There is nothing at nowhere.yaml." }],
  ])("runbook.valid of %s", async (path, output) => {
    expect(await check("runbook.valid", { path })).toMatchObject({ status: "done", output });
  });

  it("runbook.scenarios tells how many pass, and names those that do not", async () => {
    expect(await check("runbook.scenarios", { path: "good", min_scenarios: 2 })).toMatchObject({
      output: { ok: true, total: 2, failed: [], message: "2 of 2 scenarios pass." },
    });
    expect(await check("runbook.scenarios", { path: "good", min_scenarios: 3 })).toMatchObject({
      output: { ok: false, message: "2 of 2 scenarios pass; at least 3 should be there." },
    });
    expect(await check("runbook.scenarios", { path: "bad" })).toMatchObject({ output: { ok: false, failed: ["two"] } });
  });

  it("a path outside is refused, and that nobody could look is a failure", async () => {
    for (const path of ["/etc/passwd", "../own.cjs"])
      expect(await check("runbook.valid", { path })).toMatchObject({ status: "failed", code: "path_not_allowed" });
    expect(await check("runbook.valid", { path: "broken" })).toMatchObject({
      status: "failed",
      code: "command_failed",
      message: expect.stringContaining("cannot"),
    });
  });
});
