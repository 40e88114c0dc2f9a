import { existsSync } from "node:fs";
import { readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";

import { groupMembers } from "@platform-ops/orchestration";
import { afterEach, describe, expect, test } from "vitest";

import { applyPlan } from "./apply.ts";
import { planWorkspace } from "./plan.ts";
import { applyRequest, inputs, isOpenTofu, planAndApply, programsUnderTest, WorkspaceFixture } from "./workspace.test-support.ts";

const programs = await programsUnderTest(process.env);
const made: WorkspaceFixture[] = [];
afterEach(async () => {
  for (const fixture of made.splice(0)) await fixture.remove();
});

const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

async function until<T>(what: () => Promise<T | undefined> | T | undefined): Promise<T> {
  for (let tries = 0; tries < 200; tries += 1) {
    const value = await what();
    if (value !== undefined && value !== false) return value;
    await sleep(50);
  }
  throw new Error("it did not happen");
}

/** The wrapper's pid, which is the process group, from the journal. */
const groupOf = (journal: string): Promise<number> =>
  until(async () => {
    const text = await readFile(join(journal, "started"), "utf8").catch(() => "");
    const pid = Number(text.split("\n")[0]);
    return pid > 1 ? pid : undefined;
  });
const programOf = (journal: string): Promise<number> =>
  until(async () => Number(await readFile(join(journal, "pid"), "utf8").catch(() => "")) || undefined);

describe.each(programs)("an apply that ends otherwise with $kind $version", (program) => {
  const workspace = async (files: Record<string, string>): Promise<WorkspaceFixture> => {
    const fixture = await WorkspaceFixture.create(program, process.env, files);
    made.push(fixture);
    return fixture;
  };

  test("an interrupt ends it orderly: partial, with what was begun", async () => {
    const fixture = await workspace({
      "main.tf":
        'resource "terraform_data" "first" {}\nresource "terraform_data" "slow" {\n  input = terraform_data.first.id\n  provisioner "local-exec" { command = "echo x >> effects; exec sleep 60" }\n}\nresource "terraform_data" "never" { input = terraform_data.slow.id }\n',
    });
    const stop = new AbortController();
    const ctx = fixture.context({ signal: stop.signal });
    const plan = await planWorkspace(ctx, inputs());
    const once = applyRequest(fixture, plan);
    const running = applyPlan(ctx, once);
    await until(() => (existsSync(join(fixture.dir, "effects")) ? true : undefined));
    stop.abort();
    expect(await running).toMatchObject({
      outcome: "partial",
      exit_code: 1,
      interrupted: true,
      completed: 1,
      failed: [{ address: "terraform_data.slow" }],
      error: { code: "cancelled" },
    });
    expect(groupMembers(await groupOf(once.journal))).toEqual([]);
    expect(existsSync(join(fixture.dir, ".terraform.tfstate.lock.info"))).toBe(false);
  });

  test("killed while it works: in doubt with the address, after its surviving children ended; nothing is started again", async () => {
    const fixture = await workspace({
      "main.tf":
        'resource "terraform_data" "first" {}\nresource "terraform_data" "slow" {\n  input = terraform_data.first.id\n  provisioner "local-exec" { command = "echo x >> effects; sleep 2; echo late >> effects" }\n}\n',
    });
    const plan = await planWorkspace(fixture.context(), inputs());
    const once = applyRequest(fixture, plan);
    const running = applyPlan(fixture.context(), once);
    await until(() => (existsSync(join(fixture.dir, "effects")) ? true : undefined));
    process.kill(await programOf(once.journal), "SIGKILL");
    const result = await running;
    // The child outlived its parent; nothing was judged before it had ended.
    expect(await readFile(join(fixture.dir, "effects"), "utf8")).toBe("x\nlate\n");
    expect(result.outcome).toBe("in_doubt");
    expect(result.in_flight).toEqual([{ address: "terraform_data.slow", action: "create" }]);
    expect(["in_doubt", "state_damaged"]).toContain(result.error?.code);
    expect(await applyPlan(fixture.context(), once)).toMatchObject({ outcome: "in_doubt" });
    expect(await readFile(join(fixture.dir, "effects"), "utf8")).toBe("x\nlate\n");
  });

  // OpenTofu writes no state before the first apply has ended, so the state never looks complete there.
  if (!isOpenTofu(program))
    test("killed in a provisioner, whose resource a neighbour's end has written into the state: in doubt, though a new plan finds no change", async () => {
      const fixture = await workspace({
        "main.tf":
          'resource "terraform_data" "slow" {\n  provisioner "local-exec" { command = "touch begun; sleep 2" }\n}\nresource "terraform_data" "quick" {\n  provisioner "local-exec" { command = "while ! [ -e begun ]; do sleep 0.1; done" }\n}\n',
      });
      const plan = await planWorkspace(fixture.context(), inputs());
      const once = applyRequest(fixture, plan);
      const running = applyPlan(fixture.context(), once);
      const state = join(fixture.dir, "terraform.tfstate");
      await until(async () => (existsSync(state) && (await readFile(state, "utf8")).includes('"slow"') ? true : undefined));
      process.kill(await programOf(once.journal), "SIGKILL");
      const result = await running;
      expect(result).toMatchObject({ outcome: "in_doubt", in_flight: [{ address: "terraform_data.slow" }], remaining: { add: 0 } });
      expect(result.error?.message).toContain("terraform_data.slow");
    });

  test("killed with a state file of 0 bytes: in doubt, state_damaged", async () => {
    const fixture = await workspace({
      "main.tf": 'resource "terraform_data" "a" {\n  provisioner "local-exec" { command = "echo x >> effects; exec sleep 1" }\n}\n',
    });
    const plan = await planWorkspace(fixture.context(), inputs());
    const once = applyRequest(fixture, plan);
    const running = applyPlan(fixture.context(), once);
    await until(() => (existsSync(join(fixture.dir, "effects")) ? true : undefined));
    process.kill(await programOf(once.journal), "SIGKILL");
    await writeFile(join(fixture.dir, "terraform.tfstate"), "");
    expect(await running).toMatchObject({ outcome: "in_doubt", error: { code: "state_damaged" } });
    // Had it been killed before it began anything, the empty file would only be what it made to lock the state.
    const out = (await readFile(join(once.journal, "out"), "utf8")).split("\n").filter((line) => !line.includes('"apply_start"'));
    await writeFile(join(once.journal, "out"), out.join("\n"));
    expect(await applyPlan(fixture.context(), once)).toMatchObject({ outcome: "not_done", exit_code: 137 });
    expect(existsSync(join(fixture.dir, "terraform.tfstate"))).toBe(false);
  });

  test("a new attempt follows the program that an earlier one left running", async () => {
    const fixture = await workspace({
      "main.tf": 'resource "terraform_data" "a" {\n  provisioner "local-exec" { command = "echo x >> effects; sleep 1" }\n}\n',
    });
    const plan = await planWorkspace(fixture.context(), inputs());
    const once = applyRequest(fixture, plan);
    const leave = new AbortController();
    const first = applyPlan(fixture.context({ handover: leave.signal }), once);
    await until(() => (existsSync(join(fixture.dir, "effects")) ? true : undefined));
    leave.abort();
    await expect(first).rejects.toMatchObject({ code: "cancelled" });
    expect(await applyPlan(fixture.context(), once)).toMatchObject({ outcome: "done" });
    expect(await readFile(join(fixture.dir, "effects"), "utf8")).toBe("x\n");
  });

  test("asked only to look, it starts nothing", async () => {
    const fixture = await workspace({ "main.tf": 'resource "terraform_data" "a" {}\n' });
    const plan = await planWorkspace(fixture.context(), inputs());
    const once = applyRequest(fixture, plan, { mayStart: false });
    await rm(plan.plan_file);
    expect(await applyPlan(fixture.context(), once)).toMatchObject({ outcome: "not_done", exit_code: null });
    expect(existsSync(once.journal)).toBe(false);
    expect(existsSync(join(fixture.dir, "terraform.tfstate"))).toBe(false);
  });

  test("killed after everything was recorded is done; killed with nothing in flight is partial", async () => {
    const fixture = await workspace({ "main.tf": 'resource "terraform_data" "a" {}\nresource "terraform_data" "b" {}\n' });
    const plan = await planWorkspace(fixture.context(), inputs());
    const once = applyRequest(fixture, plan);
    await applyPlan(fixture.context(), once);
    // As a kill between the last write of the state and the summary leaves it.
    const out = (await readFile(join(once.journal, "out"), "utf8")).split("\n").filter((line) => !line.includes('"change_summary"'));
    await writeFile(join(once.journal, "out"), out.join("\n"));
    await writeFile(join(once.journal, "rc"), "137\n");
    expect(await applyPlan(fixture.context(), once)).toMatchObject({ outcome: "done", exit_code: 137 });
    // As a kill between two resources leaves it: the second was never begun.
    await writeFile(
      join(once.journal, "out"),
      out.filter((line) => !/"apply_(?:start|complete)"/.test(line) || line.includes("terraform_data.a")).join("\n"),
    );
    const state = JSON.parse(await readFile(join(fixture.dir, "terraform.tfstate"), "utf8")) as { resources: { name: string }[] };
    await writeFile(
      join(fixture.dir, "terraform.tfstate"),
      JSON.stringify({ ...state, resources: state.resources.filter((resource) => resource.name === "a") }),
    );
    expect(await applyPlan(fixture.context(), once)).toMatchObject({ outcome: "partial", remaining: { add: 1 } });
  });

  test("a state that could not be saved stops everything", async () => {
    const fixture = await workspace({
      "main.tf":
        'resource "terraform_data" "a" {\n  provisioner "local-exec" { command = "mkdir -p terraform.tfstate.d && echo {} > errored.tfstate && exit 1" }\n}\n',
    });
    const { result } = await planAndApply(fixture);
    expect(result).toMatchObject({ outcome: "in_doubt", error: { code: "in_doubt", details: { reason: "state_not_saved" } } });
    await expect(planWorkspace(fixture.context(), inputs())).rejects.toMatchObject({ code: "in_doubt" });
  });

  test("a lock held by a live apply of ours is a conflict that names it; a dead one does not block", async () => {
    const fixture = await workspace({
      "main.tf": 'resource "terraform_data" "a" {\n  provisioner "local-exec" { command = "echo x >> effects; sleep 4" }\n}\n',
    });
    const plan = await planWorkspace(fixture.context(), inputs());
    const once = applyRequest(fixture, plan);
    const running = applyPlan(fixture.context(), once);
    await until(() => (fixture.progress.some((progress) => progress.step === "apply") ? true : undefined));
    await sleep(300);
    const blocked = await planWorkspace(fixture.context({ run: "other" }), inputs()).catch((error: unknown) => error);
    expect(blocked).toMatchObject({
      code: "conflict",
      retryable: true,
      details: { reason: "state_lock", lock_owner: "ours_live", lock: { operation: "OperationTypeApply" } },
    });
    process.kill(await programOf(once.journal), "SIGKILL");
    await running;
    expect(existsSync(join(fixture.dir, ".terraform.tfstate.lock.info"))).toBe(true);
    // The lock file of a dead program stays, and is no lock: what comes next speaks of the state, not of the lock.
    const after = await planWorkspace(fixture.context({ run: "after" }), inputs()).catch((error: unknown) => error);
    expect(after).not.toMatchObject({ code: "conflict" });
  });
});
