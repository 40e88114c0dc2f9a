import { existsSync } from "node:fs";
import { readFile, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";

import { afterEach, describe, expect, test } from "vitest";

import { planWorkspace } from "./plan.ts";
import { inputs, programsUnderTest, WorkspaceFixture } from "./workspace.test-support.ts";

const programs = await programsUnderTest(process.env);
const made: WorkspaceFixture[] = [];
afterEach(async () => {
  for (const fixture of made.splice(0)) await fixture.remove();
});

describe.each(programs)("planWorkspace with $kind $version", (program) => {
  const workspace = async (files: Record<string, string>): Promise<WorkspaceFixture> => {
    const fixture = await WorkspaceFixture.create(program, process.env, files);
    made.push(fixture);
    return fixture;
  };

  test("plans builtin resources without init, and keeps the plan private", async () => {
    const fixture = await workspace({
      "main.tf": 'resource "terraform_data" "a" { input = "x" }\noutput "id" { value = terraform_data.a.id }\n',
    });
    const plan = await planWorkspace(fixture.context(), inputs());
    expect(plan).toMatchObject({
      changed: true,
      initialised: false,
      complete: true,
      lineage: null,
      serial: 0,
      kinds: ["create", "outputs"],
      lock_file_sha256: null,
    });
    expect(plan.counts).toEqual({ add: 1, change: 0, destroy: 0, replace: 0, move: 0, import: 0, forget: 0, outputs: 1 });
    expect(plan.changes[0]).toMatchObject({ address: "terraform_data.a", action: "create" });
    expect((await stat(plan.plan_file)).mode & 0o777).toBe(0o600);
    expect((await stat(fixture.context().work)).mode & 0o777).toBe(0o700);
    expect(existsSync(fixture.path("work", "run", "show.out"))).toBe(false);
    expect(existsSync(join(fixture.dir, ".terraform"))).toBe(false);
  });

  test("two plans of the same thing have the same meaning", async () => {
    const fixture = await workspace({ "main.tf": 'resource "terraform_data" "a" { input = "x" }\n' });
    const first = await planWorkspace(fixture.context(), inputs());
    const second = await planWorkspace(fixture.context({ run: "second" }), inputs());
    expect(second.semantic_digest).toBe(first.semantic_digest);
    await fixture.write({ "main.tf": 'resource "terraform_data" "a" { input = "y" }\n' });
    expect((await planWorkspace(fixture.context(), inputs())).semantic_digest).not.toBe(first.semantic_digest);
  });

  test("runs init for modules and a backend block, and skips it while nothing changed", async () => {
    const fixture = await workspace({
      "main.tf": 'terraform {\n  backend "local" { path = "own.tfstate" }\n}\nmodule "m" { source = "./m" }\n',
      "m/main.tf": 'resource "terraform_data" "a" {}\n',
    });
    expect((await planWorkspace(fixture.context(), inputs())).initialised).toBe(true);
    expect((await planWorkspace(fixture.context(), inputs())).initialised).toBe(false);
    await fixture.write({
      "m/main.tf": 'resource "terraform_data" "a" {}\nmodule "n" { source = "./n" }\n',
      "m/n/main.tf": 'resource "terraform_data" "b" {}\n',
    });
    expect(await planWorkspace(fixture.context(), inputs())).toMatchObject({ initialised: true, counts: { add: 2 } });
  });

  test("a folder without configuration is a mistake, not an empty success", async () => {
    const fixture = await workspace({ "readme.md": "nothing" });
    await expect(planWorkspace(fixture.context(), inputs())).rejects.toMatchObject({
      code: "invalid_config",
      details: { reason: "no_configuration" },
    });
    const missing = { ...fixture.context(), dir: fixture.path("nowhere") };
    await expect(planWorkspace(missing, inputs())).rejects.toMatchObject({ code: "invalid_config" });
  });

  test("a provider that cannot be had is named", async () => {
    const fixture = await workspace({
      "main.tf":
        'terraform {\n  required_providers {\n    nothing = { source = "localhost:1/nobody/nothing" }\n  }\n}\nresource "nothing_x" "y" {}\n',
    });
    const failure = await planWorkspace(fixture.context(), inputs()).catch((error: unknown) => error);
    expect(failure).toMatchObject({ code: "command_failed", retryable: true, details: { step: "init", reason: "registry_unreachable" } });
    expect(String(failure)).toContain("nobody/nothing");
  });

  test("passes variables with their types and every digit; generated ones win over tfvars", async () => {
    const fixture = await workspace({
      "main.tf":
        'variable "n" {}\nvariable "o" {}\nvariable "s" {}\nresource "terraform_data" "a" { input = [var.n, var.o.k, var.s] }\noutput "n" { value = var.n }\n',
      "extra.tfvars": 'n = 1\ns = "from file"\n',
    });
    const plan = await planWorkspace(
      fixture.context(),
      inputs({ tfvars: "extra.tfvars", variables: { n: "12345678901234567890", o: '{"k":1.50000000000000000001}' } }),
    );
    expect(plan.outputs).toEqual([{ name: "n", action: "create", sensitive: false, unknown: false, after: "12345678901234567890" }]);
    const other = await planWorkspace(
      fixture.context(),
      inputs({ tfvars: "extra.tfvars", variables: { n: "12345678901234567891", o: '{"k":1.50000000000000000001}' } }),
    );
    expect(other.semantic_digest).not.toBe(plan.semantic_digest);
    const literal = await planWorkspace(fixture.context(), inputs({ variables: { n: '"${path.cwd}"', o: '{"k":null}', s: '"%{if}"' } }));
    expect(literal.outputs[0]?.after).toBe('"${path.cwd}"');
  });

  test("a variable that nobody declared, a missing one and a missing file are refused by name", async () => {
    const fixture = await workspace({ "main.tf": 'variable "known" {}\n' });
    await expect(planWorkspace(fixture.context(), inputs({ variables: { known: "1", knwon: "2" } }))).rejects.toMatchObject({
      code: "invalid_config",
      message: expect.stringContaining('"knwon"'),
    });
    await expect(planWorkspace(fixture.context(), inputs())).rejects.toMatchObject({
      code: "invalid_config",
      details: { reason: "variable_missing" },
      message: expect.stringContaining("known"),
    });
    await expect(planWorkspace(fixture.context(), inputs({ tfvars: "no.tfvars" }))).rejects.toMatchObject({
      details: { reason: "tfvars_missing" },
    });
    await expect(planWorkspace(fixture.context(), inputs({ variables: { "a=1\nb": "2" } }))).rejects.toMatchObject({
      code: "invalid_config",
    });
  });

  test("masks what is sensitive, and hands the values to the redactor", async () => {
    const fixture = await workspace({
      "main.tf":
        'variable "token" {\n  sensitive = true\n  default = "tok-12345"\n}\nresource "terraform_data" "a" { input = { open = "seen", closed = var.token } }\noutput "t" {\n  sensitive = true\n  value = var.token\n}\n',
    });
    const plan = await planWorkspace(fixture.context(), inputs());
    expect(plan.sensitive_values).toEqual(["tok-12345"]);
    const shown = JSON.stringify([plan.changes, plan.outputs]);
    expect(shown).toContain("seen");
    expect(shown).not.toContain("tok-12345");
    const before = plan.semantic_digest;
    await fixture.write({ "terraform.tfvars": 'token = "tok-12346"\n' });
    expect((await planWorkspace(fixture.context(), inputs())).semantic_digest).not.toBe(before);
  });

  test("a plan that fails leaves no plan file, although the program writes one", async () => {
    const fixture = await workspace({
      "main.tf":
        'variable "n" { default = 1 }\nresource "terraform_data" "a" {\n  lifecycle {\n    precondition {\n      condition = var.n == 2\n      error_message = "one is not two"\n    }\n  }\n}\n',
    });
    await expect(planWorkspace(fixture.context(), inputs())).rejects.toMatchObject({
      code: "command_failed",
      details: { reason: "precondition" },
      message: expect.stringContaining("one is not two"),
    });
    expect(existsSync(fixture.path("work", "run", "plan.tfplan"))).toBe(false);
  });

  test("a failing check is reported, though the program only warns", async () => {
    const fixture = await workspace({
      "main.tf":
        'check "size" {\n  assert {\n    condition = length(terraform_data.a.input) > 3\n    error_message = "too small"\n  }\n}\nresource "terraform_data" "a" { input = "x" }\n',
    });
    const plan = await planWorkspace(fixture.context(), inputs());
    expect(plan.checks).toEqual([{ address: "check.size", status: "fail", problems: ["too small"] }]);
    expect(plan.warnings).toEqual([expect.stringMatching(/^Check block assertion failed \(/)]);
  });

  test("a state file of 0 bytes is damage, not an empty workspace", async () => {
    const fixture = await workspace({ "main.tf": 'resource "terraform_data" "a" {}\n' });
    await writeFile(join(fixture.dir, "terraform.tfstate"), "");
    await expect(planWorkspace(fixture.context(), inputs())).rejects.toMatchObject({
      code: "state_damaged",
      details: { reason: "state_empty" },
    });
    expect(existsSync(fixture.path("work", "run", "plan.tfplan"))).toBe(false);
    expect(await readFile(join(fixture.dir, "terraform.tfstate"), "utf8")).toBe("");
  });

  test("an empty state that somebody else's plan left is not cleared away", async () => {
    const lock = { ID: "1", Operation: "OperationTypePlan", Who: "somebody@elsewhere", Created: new Date().toISOString() };
    const fixture = await workspace({
      "main.tf": 'resource "terraform_data" "a" {}\n',
      "terraform.tfstate": "",
      ".terraform.tfstate.lock.info": JSON.stringify(lock),
    });
    await expect(planWorkspace(fixture.context(), inputs())).rejects.toMatchObject({ code: "state_damaged" });
    expect(existsSync(join(fixture.dir, "terraform.tfstate"))).toBe(true);
  });

  test("a state that is no JSON, and one that could not be saved, stop it", async () => {
    const fixture = await workspace({ "main.tf": 'resource "terraform_data" "a" {}\n', "terraform.tfstate": '{"version": 4, "ser' });
    await expect(planWorkspace(fixture.context(), inputs())).rejects.toMatchObject({ code: "state_damaged" });
    await fixture.write({ "terraform.tfstate": "", "errored.tfstate": "{}" });
    await expect(planWorkspace(fixture.context(), inputs())).rejects.toMatchObject({
      code: "in_doubt",
      details: { reason: "state_not_saved" },
    });
  });

  test("a syntax error is told with its place", async () => {
    const fixture = await workspace({ "main.tf": 'resource "terraform_data" "a" {\n  input = \n}\n' });
    await expect(planWorkspace(fixture.context(), inputs())).rejects.toMatchObject({
      code: "invalid_config",
      message: expect.stringContaining("main.tf:2"),
    });
  });
});
