import { OpsError } from "@platform-ops/errors";
import type { ToolResult } from "@platform-ops/mcp-kit";
import type { ScheduleView } from "@platform-ops/orchestration";
import { z } from "zod";
import { tool, type MetaWorkflowsDeps } from "../deps.ts";
import { DURABLE } from "../identity.ts";
import { listSchedules, scheduleRun } from "../runs/schedule-run.ts";
import { inputsOf } from "./params.ts";

const input = z.strictObject({
  command: z.enum(["create", "list", "pause", "resume", "delete"]),
  name: z.string().max(60).optional(),
  workflow_name: z.string().max(200).optional(),
  inputs: z.record(z.string().max(200), z.unknown()).optional(),
  cron: z.string().max(200).optional(),
  every: z.string().max(10).optional(),
  now: z.boolean().optional(),
});

export const schedule_meta_workflow = tool({
  name: "schedule_meta_workflow",
  title: "Schedule meta-workflow",
  description: "Starts runs by cron or every 12h.",
  effect: "write",
  toolset: "runs",
  input,
  async run(given, deps, call): Promise<ToolResult> {
    const { command } = given;
    if (command === "list") return listed(await listSchedules(deps));
    const name = checkedName(needed(given.name, command, "name"));
    if (command === "create") {
      const entry = await deps.library.find(needed(given.workflow_name, command, "workflow_name"));
      const { cron, every, now = false } = given;
      await scheduleRun(deps, { name, entry, inputs: inputsOf(given.inputs), cron, every, now, requester: call.actor });
      return done(name, `${name}: runs ${entry.id} ${cron ?? `every ${every}`}. ${ABOUT_RUNS}`, "created");
    }
    await change(deps, command, name, call.actor);
    return command === "delete"
      ? done(name, `${name} is deleted. Runs that it began stay.`, "deleted")
      : done(name, `${name} is ${command}d.`, `${command}d`);
  },
});

const ABOUT_RUNS =
  "list_runs shows its runs. One is left out while the one before it is open; what was due while nothing ran here is made up for within an hour.";

function needed(value: string | undefined, command: string, argument: string): string {
  if (value !== undefined && value !== "") return value;
  throw new OpsError("invalid_input", `${command} needs ${argument}.`, {
    hint:
      argument === "name"
        ? "A name for the schedule; the command list shows those that are there."
        : "list_meta_workflows shows the runbooks.",
  });
}

/** It becomes part of its runs' ids. */
function checkedName(name: string): string {
  if (/^[A-Za-z0-9][A-Za-z0-9_.-]*$/.test(name)) return name;
  throw new OpsError("invalid_input", `name ${JSON.stringify(name)} is none that a schedule can have.`, {
    hint: "Letters, digits, _ . - only, with a letter or digit first: nightly-check.",
  });
}

async function change(deps: MetaWorkflowsDeps, command: "pause" | "resume" | "delete", name: string, by: string): Promise<void> {
  const { schedules } = await deps.orchestration({ worker: false });
  if (command === "pause") await schedules.pause(DURABLE.name, name, `paused by ${by}`);
  else if (command === "resume") await schedules.resume(DURABLE.name, name, `resumed by ${by}`);
  else await schedules.delete(DURABLE.name, name);
}

const done = (name: string, text: string, status: string): ToolResult => ({ text, data: { name, status } });

function listed(found: readonly ScheduleView[]): ToolResult {
  const schedules = found.map(({ name, paused, about, next, runs }) => ({
    name,
    workflow: about["workflow"] ?? null,
    when: about["when"] ?? null,
    paused,
    next,
    runs,
  }));
  const lines = schedules.map(
    ({ name, workflow, when, paused, next, runs }) =>
      `${name}  ${workflow}  ${when}  ${paused ? "paused" : `next ${next[0] ?? "never"}`}${runs.length === 0 ? "" : `  last run ${runs.at(-1)}`}`,
  );
  return { text: lines.length === 0 ? "No schedules." : lines.join("\n"), data: { schedules } };
}
