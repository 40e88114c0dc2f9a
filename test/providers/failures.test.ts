import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, describe, expect, test } from "vitest";
import { until } from "../support/processes.ts";
import {
  builtProviders,
  configuration,
  finish,
  listen,
  mirrorOf,
  providersIn,
  WANTS_PROVIDERS,
  workersIn,
  writeWorkspaces,
} from "../support/providers.ts";
import { openSession, phases, startRun, statusWhen, workspace, type Session } from "../support/run.ts";
import { tofuForTests } from "../support/tofu.ts";

const built = builtProviders(process.env);

const CONFIG = `terraform: { tofu_path: ${JSON.stringify(tofuForTests() ?? null)} }
approvals: { auto: [{ environments: ["*"], workspaces: ["*"], changes: [create, update, outputs] }] }
`;

/** One note, and what goes wrong with it. */
const note = (trap: string): string =>
  configuration(["trap"], `resource "trap_note" "note" {\n  path = "\${path.module}/note.txt"\n  text = "text"\n  ${trap}\n}`);

describe.skipIf(built === undefined)(`providers that go wrong (${WANTS_PROVIDERS})`, () => {
  let session: Session;
  afterEach(() => session?.remove());

  test.each(["terraform", "tofu"] as const)("%s: crash, panic, refusal, lie, noise, warning", async (kind) => {
    session = await openSession(CONFIG);
    const { project } = session.home;
    const { agent } = await listen(session, mirrorOf(built!));
    const above = configuration(["trap"], 'variable "x" { type = string }');
    await writeWorkspaces(project, [
      { name: "crash", kind, hcl: note('on_create = "crash"') },
      { name: "above", kind, hcl: above, inputs: { crash: "x" } },
      { name: "panic", kind, hcl: note('on_plan = "panic:a programming error"') },
      { name: "refusal", kind, hcl: note('on_create = "fail:no room for notes"') },
      { name: "lie", kind, hcl: note("lie = true") },
      { name: "noise", kind, hcl: note('on_create = "noise"') },
      { name: "warning", kind, hcl: note('on_plan = "warn:notes go away in 2.0"') },
    ]);
    const id = await startRun(agent);
    const status = await finish(agent, id);
    expect(phases(status), status.text).toEqual({
      crash: "in_doubt",
      above: "skipped",
      panic: "failed",
      refusal: "partial",
      lie: "partial",
      noise: "applied",
      warning: "applied",
    });
    expect(workspace(status, "crash").error).toMatchObject({ code: "in_doubt", in_flight: ["trap_note.note (create)"] });
    expect(status.text).toContain("not known whether it took effect: trap_note.note (create)");
    expect(workspace(status, "panic").error?.hint).toMatch(/^A provider crashed or was killed/);
    expect(workspace(status, "refusal").error).toMatchObject({
      message: expect.stringContaining("no room for notes"),
      failed: ["trap_note.note (create)"],
    });
    expect(workspace(status, "lie").error?.message).toContain("inconsistent result after apply");
    expect((await agent.call("get_plan", { workflow_id: id, workspace: "warning" })).text).toMatch(
      /! warning: Odd .*notes go away in 2\.0/,
    );
    expect(await done(project, ["crash", "panic", "refusal", "lie", "noise", "warning"])).toEqual({
      crash: "create",
      panic: "",
      refusal: "create",
      lie: "create kept",
      noise: "create kept",
      warning: "create kept",
    });
    expect(workersIn(project)).toEqual([]);
  });

  test.each(["terraform", "tofu"] as const)("%s: a provider that hangs is cancelled, and nothing of it is left running", async (kind) => {
    session = await openSession(CONFIG);
    const { project } = session.home;
    const { agent } = await listen(session, mirrorOf(built!));
    const hang = async (name: string, trap: string): Promise<string> => {
      await writeWorkspaces(project, [{ name, kind, hcl: note(trap) }]);
      const id = await startRun(agent);
      const isAtIt = async (): Promise<boolean> => (await logged(project, name)).at(-1) === trap.slice("on_".length).split(" ")[0];
      await until(isAtIt, `the provider of ${name}`, 120);
      const asked = await agent.call("cancel_workflow", { workflow_id: id, mode: "stop" });
      expect(asked.isError, asked.text).toBe(false);
      return id;
    };

    // In a plan, which changes nothing: it is killed when it does not end.
    const planned = await finish(agent, await hang("deaf-plan", 'on_plan = "deaf"'));
    expect(phases(planned), planned.text).toEqual({ "deaf-plan": "cancelled" });
    expect(workersIn(project)).toEqual([]);

    // In an apply, and told to stop by terraform.
    const stopped = await finish(agent, await hang("apply", 'on_create = "hang"'));
    expect(workspace(stopped, "apply"), stopped.text).toMatchObject({
      phase: "partial",
      error: { code: "cancelled", message: expect.stringContaining("The provider was told to stop."), failed: ["trap_note.note (create)"] },
    });
    expect(workersIn(project)).toEqual([]);

    // In an apply, and deaf: never killed by us. Somebody who looked ends it.
    const id = await hang("deaf-apply", 'on_create = "deaf"');
    await statusWhen(agent, id, (data) => data["phase"] === "cancelling");
    const pid = await until(() => providersIn(join(project, "deaf-apply"))[0], "the deaf provider");
    process.kill(pid, "SIGKILL");
    const killed = await finish(agent, id);
    expect(workspace(killed, "deaf-apply"), killed.text).toMatchObject({
      phase: "in_doubt",
      error: { code: "in_doubt", in_flight: ["trap_note.note (create)"] },
    });
    expect(workersIn(project)).toEqual([]);
  });
});

/** What was really done to the note of each workspace, in order; what a plan asked is nothing done. */
async function done(project: string, names: readonly string[]): Promise<Record<string, string>> {
  const lines = async (name: string): Promise<string[]> => (await logged(project, name)).filter((line) => line !== "plan");
  return Object.fromEntries(await Promise.all(names.map(async (name) => [name, (await lines(name)).join(" ")] as const)));
}

/** What the provider wrote down of its calls. */
async function logged(project: string, name: string): Promise<string[]> {
  const text = await readFile(join(project, name, "note.txt.log"), "utf8").catch(() => "");
  return text.split("\n").filter((line) => line !== "");
}
