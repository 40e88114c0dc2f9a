import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";

import { afterEach, describe, expect, test } from "vitest";

import { applyPlan, type ApplyRequest } from "./apply.ts";
import { holderRecordPath } from "./holder-records.ts";
import { readOutputs } from "./outputs.ts";
import { planWorkspace } from "./plan.ts";
import { applyRequest, inputs, planAndApply, programsUnderTest, WorkspaceFixture } from "./workspace.test-support.ts";

const programs = await programsUnderTest(process.env);
const made: WorkspaceFixture[] = [];
afterEach(async () => {
  for (const fixture of made.splice(0)) await fixture.remove();
});

describe.each(programs)("applyPlan with $kind $version", (program) => {
  const workspace = async (files: Record<string, string>): Promise<WorkspaceFixture> => {
    const fixture = await WorkspaceFixture.create(program, process.env, files);
    made.push(fixture);
    return fixture;
  };

  test("applies a plan, reads exact outputs, and finds nothing to do the second time", async () => {
    const fixture = await workspace({
      "main.tf":
        'variable "n" { default = 12345678901234567890 }\nresource "terraform_data" "a" { input = { n = var.n } }\noutput "n" { value = terraform_data.a.output.n }\noutput "s" {\n  sensitive = true\n  value = "hush"\n}\noutput "l" { value = [1.50, true, null] }\n',
    });
    const { result } = await planAndApply(fixture);
    expect(result).toMatchObject({
      outcome: "done",
      exit_code: 0,
      completed: 1,
      in_flight: [],
      failed: [],
      counts: { add: 1, change: 0, remove: 0 },
    });
    expect(result.error).toBeUndefined();
    const state = JSON.parse(await readFile(join(fixture.dir, "terraform.tfstate"), "utf8")) as { serial: number; lineage: string };
    expect([result.serial, result.lineage]).toEqual([state.serial, state.lineage]);
    expect(await readOutputs(fixture.context())).toEqual({
      n: { sensitive: false, json: "12345678901234567890" },
      s: { sensitive: true, json: '"hush"' },
      l: { sensitive: false, json: "[1.5,true,null]" },
    });
    expect(await planWorkspace(fixture.context(), inputs())).toMatchObject({
      changed: false,
      kinds: [],
      serial: state.serial,
      lineage: state.lineage,
    });
  });

  test("a record that cannot be written, as on a full disk, ends neither the apply nor its worker", async () => {
    const fixture = await workspace({ "main.tf": "" });
    const journal = fixture.journal();
    const record = holderRecordPath(fixture.context().dataDir, "apply", createHash("sha256").update(journal).digest("hex"));
    const command = `sleep 3; rmdir ${record}; touch done`;
    await writeFile(
      join(fixture.dir, "main.tf"),
      `resource "terraform_data" "a" {\n  provisioner "local-exec" { command = ${JSON.stringify(command)} }\n}\n`,
    );
    const plan = await planWorkspace(fixture.context(), inputs());
    await mkdir(record, { recursive: true });
    expect(await applyPlan(fixture.context(), applyRequest(fixture, plan, { journal }))).toMatchObject({ outcome: "done", completed: 1 });
    expect(existsSync(join(fixture.dir, "done"))).toBe(true);
  });

  test("a workspace without state has no outputs", async () => {
    const fixture = await workspace({ "main.tf": 'output "x" { value = 1 }\n' });
    expect(await readOutputs(fixture.context())).toEqual({});
  });

  test("outputs from stream and plan are those that `output` reads, one process less", async () => {
    const config =
      'variable "n" { default = 12345678901234567890 }\nresource "terraform_data" "a" { input = { n = var.n, f = 0.12345678901234567890 } }\noutput "deep" { value = terraform_data.a.output }\noutput "none" { value = null }\noutput "l" { value = [1, "two", false] }\n';
    const fixture = await workspace({ "main.tf": config });
    const { result } = await planAndApply(fixture);
    const read = await readOutputs(fixture.context());
    expect(result.final_outputs).toEqual(read);
    expect(read["deep"]?.json).toContain("12345678901234567890");
    expect((await planWorkspace(fixture.context(), inputs())).final_outputs).toEqual(read);
    // An output that this apply did not touch is there too.
    await fixture.write({ "main.tf": `${config}output "more" { value = 1 }\n` });
    const second = await planAndApply(fixture);
    expect(second.plan.final_outputs).toBeUndefined();
    expect(second.result.final_outputs).toEqual(await readOutputs(fixture.context()));
    // The stream leaves sensitive values out; a plan has them.
    await fixture.write({ "main.tf": `${config}output "s" {\n  sensitive = true\n  value = { k = "hush" }\n}\n` });
    const third = await planAndApply(fixture);
    expect(third.result).toMatchObject({ outcome: "done" });
    expect(third.result.final_outputs).toBeUndefined();
    const settled = await planWorkspace(fixture.context(), inputs());
    expect(settled.final_outputs).toEqual(await readOutputs(fixture.context()));
    expect(settled.final_outputs?.["s"]).toEqual({ sensitive: true, json: '{"k":"hush"}' });
  });

  test("an output of 3 MB in one line passes", async () => {
    const fixture = await workspace({
      "main.tf": 'variable "big" {}\nresource "terraform_data" "a" { input = "x" }\noutput "big" { value = var.big }\n',
    });
    const big = "a".repeat(3_000_000);
    const given = inputs({ variables: { big: JSON.stringify(big) } });
    const plan = await planWorkspace(fixture.context(), given);
    const journal = fixture.journal();
    expect(await applyPlan(fixture.context(), applyRequest(fixture, plan, { journal, replan: given }))).toMatchObject({ outcome: "done" });
    expect((await readFile(join(journal, "out"))).length).toBeGreaterThan(3_000_000);
    expect((await readOutputs(fixture.context()))["big"]?.json.length).toBe(3_000_002);
  });

  test("the same journal never applies twice", async () => {
    const fixture = await workspace({
      "main.tf": 'resource "terraform_data" "a" {\n  provisioner "local-exec" { command = "echo x >> effects" }\n}\n',
    });
    const plan = await planWorkspace(fixture.context(), inputs());
    const once = applyRequest(fixture, plan);
    const results = await Promise.all([applyPlan(fixture.context(), once), applyPlan(fixture.context(), once)]);
    results.push(await applyPlan(fixture.context(), once));
    expect(results.map((result) => result.outcome)).toEqual(["done", "done", "done"]);
    expect(await readFile(join(fixture.dir, "effects"), "utf8")).toBe("x\n");
  });

  test("an ephemeral variable is given again at apply, and kept nowhere", async () => {
    const fixture = await workspace({
      "main.tf":
        'variable "pass" {\n  ephemeral = true\n}\nvariable "n" {}\nresource "terraform_data" "a" {\n  input = var.n\n  provisioner "local-exec" {\n    command = "printf %s \\"$PASS\\" > seen"\n    environment = { PASS = var.pass }\n  }\n}\n',
    });
    const given = inputs({ variables: { pass: '"p-1234"', n: "12345678901234567890" } });
    const plan = await planWorkspace(fixture.context(), given);
    const once = applyRequest(fixture, plan, { replan: given });
    expect(await applyPlan(fixture.context(), once)).toMatchObject({ outcome: "done" });
    expect(await readFile(join(fixture.dir, "seen"), "utf8")).toBe("p-1234");
    // The plan file is deleted after use; the same attempt can still be judged.
    await rm(plan.plan_file);
    expect(await applyPlan(fixture.context(), once)).toMatchObject({ outcome: "done" });
  });

  test("outputs only, moved, removed and destroyed are applied, and told apart", async () => {
    const fixture = await workspace({ "main.tf": 'resource "terraform_data" "a" { input = "x" }\nresource "terraform_data" "gone" {}\n' });
    await planAndApply(fixture);
    await fixture.write({
      "main.tf": 'resource "terraform_data" "a" { input = "x" }\nresource "terraform_data" "gone" {}\noutput "o" { value = 1 }\n',
    });
    const outputs = await planAndApply(fixture);
    expect(outputs.plan).toMatchObject({ changed: true, kinds: ["outputs"], counts: { add: 0, change: 0, destroy: 0, outputs: 1 } });
    expect(outputs.result).toMatchObject({ outcome: "done" });
    await fixture.write({
      "main.tf":
        'resource "terraform_data" "b" { input = "x" }\nmoved {\n  from = terraform_data.a\n  to = terraform_data.b\n}\nremoved {\n  from = terraform_data.gone\n  lifecycle { destroy = false }\n}\noutput "o" { value = 1 }\n',
    });
    const moved = await planAndApply(fixture);
    expect(moved.plan).toMatchObject({
      changed: true,
      kinds: ["forget", "move"],
      counts: { add: 0, change: 0, destroy: 0, move: 1, forget: 1, outputs: 0 },
    });
    expect(moved.result).toMatchObject({ outcome: "done" });
    const plan = await planWorkspace(fixture.context(), inputs({ destroy: true }));
    expect(plan).toMatchObject({ changed: true, kinds: ["delete", "outputs"], counts: { destroy: 1 } });
    expect(await applyPlan(fixture.context(), applyRequest(fixture, plan))).toMatchObject({ outcome: "done", counts: { remove: 1 } });
  });

  test("failing half-way is partial: one made, one not, with terraform's own reason", async () => {
    const fixture = await workspace({
      "main.tf":
        'resource "terraform_data" "made" { input = "x" }\nresource "terraform_data" "not" {\n  input = terraform_data.made.id\n  provisioner "local-exec" { command = "echo no such region >&2; exit 3" }\n}\n',
    });
    const { result } = await planAndApply(fixture);
    expect(result).toMatchObject({
      outcome: "partial",
      exit_code: 1,
      completed: 1,
      in_flight: [],
      failed: [{ address: "terraform_data.not", action: "create" }],
      error: { code: "command_failed", details: { step: "apply" } },
    });
    expect(result.error?.message).toContain("no such region");
    expect(result.counts).toBeUndefined();
    expect(await planWorkspace(fixture.context(), inputs())).toMatchObject({ counts: { replace: 1, add: 0 } });
  });

  test("secrets in terraform's own text go through the redactor", async () => {
    const fixture = await workspace({
      "main.tf":
        'variable "token" {\n  sensitive = true\n  default = "tok-12345"\n}\nresource "terraform_data" "a" {\n  provisioner "local-exec" { command = "echo ${var.token}; exit 1" }\n}\n',
    });
    const ctx = fixture.context({ redact: (text) => text.replaceAll("tok-12345", "[redacted]") });
    const { result } = await planAndApply(fixture, ctx);
    expect(JSON.stringify(result)).not.toContain("tok-12345");
    expect(result.error?.message).toContain("[redacted]");
  });

  test("a stale plan, an altered one, another state, program or lock file are refused before anything starts", async () => {
    const fixture = await workspace({
      "main.tf":
        'resource "terraform_data" "a" {\n  provisioner "local-exec" { command = "echo x >> effects" }\n}\noutput "o" { value = 1 }\n',
    });
    const stale = await planWorkspace(fixture.context({ run: "first" }), inputs());
    const { plan } = await planAndApply(fixture, fixture.context({ run: "second" }));
    expect(plan.serial).toBe(0);
    const refusals: [Partial<ApplyRequest>, string, string][] = [
      [{}, "stale", "stale"],
      [{ planSha256: "0".repeat(64) }, "approval_mismatch", "plan_altered"],
      [{ planFile: fixture.path("none") }, "artifact_missing", "plan_missing"],
      [{ expected: { lineage: "other", serial: 0 } }, "stale", "other_state"],
      [{ expected: { lineage: null, serial: 0, terraform_version: "1.0.0" } }, "stale", "program_changed"],
      [{ expected: { lineage: null, serial: 0, lock_file_sha256: "0".repeat(64) } }, "stale", "lock_file_changed"],
    ];
    for (const [more, code, reason] of refusals) {
      const once = applyRequest(fixture, stale, more);
      expect(await applyPlan(fixture.context(), once)).toMatchObject({
        outcome: "not_done",
        exit_code: null,
        error: { code, details: { reason } },
      });
      expect(existsSync(join(once.journal, "started"))).toBe(false);
    }
    expect(await readFile(join(fixture.dir, "effects"), "utf8")).toBe("x\n");
  });

  test("terraform's own refusal of a stale plan is not_done", async () => {
    const fixture = await workspace({ "main.tf": 'resource "terraform_data" "a" {}\n' });
    const stale = await planWorkspace(fixture.context({ run: "first" }), inputs());
    const { result } = await planAndApply(fixture, fixture.context({ run: "second" }));
    const once = applyRequest(fixture, stale, { expected: { lineage: result.lineage, serial: result.serial ?? -1 } });
    expect(await applyPlan(fixture.context(), once)).toMatchObject({
      outcome: "not_done",
      exit_code: 1,
      error: { code: "stale", details: { reason: "plan_stale" } },
    });
  });
});
