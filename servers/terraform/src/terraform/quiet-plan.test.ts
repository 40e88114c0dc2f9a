import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";

import { afterEach, describe, expect, test } from "vitest";

import { readOutputs } from "./outputs.ts";
import { planWorkspace } from "./plan.ts";
import { quietPlan } from "./quiet-plan.ts";
import { StreamFacts } from "./stream-facts.ts";
import { inputs, programsUnderTest, WorkspaceFixture } from "./workspace.test-support.ts";

const programs = await programsUnderTest(process.env);
const made: WorkspaceFixture[] = [];
afterEach(async () => {
  for (const fixture of made.splice(0)) await fixture.remove();
});

const CONFIG =
  'variable "n" { default = 12345678901234567890 }\nresource "terraform_data" "a" { input = var.n }\noutput "n" { value = terraform_data.a.output }\noutput "s" {\n  sensitive = true\n  value = { k = "hush-hush" }\n}\noutput "none" { value = null }\n';

describe.each(programs)("a plan that changes nothing, with $kind $version", (program) => {
  const applied = async (config = CONFIG): Promise<WorkspaceFixture> => {
    const fixture = await WorkspaceFixture.create(program, process.env, { "main.tf": config });
    made.push(fixture);
    const { env, dataDir } = fixture.context();
    execFileSync(program.path, ["apply", "-auto-approve", "-input=false"], {
      cwd: fixture.dir,
      env: { ...env, TF_DATA_DIR: dataDir },
      stdio: "ignore",
    });
    return fixture;
  };
  const wasShown = (fixture: WorkspaceFixture): boolean => existsSync(join(fixture.context().work, "show.err"));

  test("is not shown; its outputs are those of the state", async () => {
    const fixture = await applied();
    const plan = await planWorkspace(fixture.context(), inputs());
    expect(wasShown(fixture)).toBe(false);
    expect(plan).toMatchObject({ changed: false, kinds: [], semantic_digest: null, complete: true, sensitive_values: ["hush-hush"] });
    expect(plan.final_outputs).toEqual(await readOutputs(fixture.context()));
    expect(plan.final_outputs?.["n"]?.json).toBe("12345678901234567890");
  });

  test("is shown where it has something to say: a check, a warning, a change", async () => {
    const fixture = await applied(
      `${CONFIG}check "c" {\n  assert {\n    condition = terraform_data.a.output == 1\n    error_message = "Not one."\n  }\n}\n`,
    );
    const checked = await planWorkspace(fixture.context(), inputs());
    expect([wasShown(fixture), checked.changed, checked.checks.length]).toEqual([true, false, 1]);

    const warned = await applied();
    await expect(planWorkspace(warned.context(), inputs({ variables: { absent: "1" } }))).rejects.toMatchObject({
      code: "invalid_config",
      details: { reason: "variable_undeclared" },
    });

    const changed = await applied();
    await changed.write({ "main.tf": CONFIG.replace("12345678901234567890 }", "2 }") });
    expect(await planWorkspace(changed.context(), inputs())).toMatchObject({ changed: true });
    const output = await applied();
    await output.write({ "main.tf": CONFIG.replace("hush-hush", "other-one") });
    expect(await planWorkspace(output.context(), inputs())).toMatchObject({ changed: true, kinds: ["outputs"] });
  });

  test("is shown where its file or its stream cannot be trusted to tell all", async () => {
    const fixture = await applied();
    const { plan_file } = await planWorkspace(fixture.context(), inputs());
    const events = (more: object[] = [], outputs: object = { n: { action: "noop" }, s: { action: "noop" } }): StreamFacts => {
      const facts = new StreamFacts();
      const summary = { type: "change_summary", changes: { add: 0, change: 0, import: 0, remove: 0, operation: "plan" } };
      for (const event of [summary, { type: "outputs", outputs }, ...more]) facts.add(event as never);
      return facts;
    };
    const end = (facts: StreamFacts, code = 0) => ({ code, signal: null, stdout: "", stderr: "", facts });
    expect(await quietPlan(end(events()), plan_file)).toBeDefined();
    expect(await quietPlan(end(events(), 2), plan_file)).toBeUndefined();
    expect(await quietPlan(end(new StreamFacts()), plan_file)).toBeUndefined();
    for (const type of ["planned_change", "resource_drift"])
      expect(await quietPlan(end(events([{ type, change: {} }])), plan_file)).toBeUndefined();
    expect(
      await quietPlan(end(events([{ type: "diagnostic", diagnostic: { severity: "warning", summary: "x" } }])), plan_file),
    ).toBeUndefined();
    expect(await quietPlan(end(events([], { n: { action: "noop" } })), plan_file)).toBeUndefined();
    expect(await quietPlan(end(events([], { n: { action: "update" }, s: { action: "noop" } })), plan_file)).toBeUndefined();
    await writeFile(plan_file, "encrypted");
    expect(await quietPlan(end(events()), plan_file)).toBeUndefined();
  });
});
