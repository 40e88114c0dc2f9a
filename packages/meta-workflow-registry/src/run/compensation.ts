import type { Compensation, Json, JsonSchema } from "../definition/definition.ts";
import { StepFailure } from "./completion.ts";
import { effectKey } from "./effect-key.ts";
import type { Undo } from "./journal.ts";
import type { ServerCall } from "./ports.ts";
import { RunScope } from "./scope.ts";
import { filledProgram, filledTool } from "./server-call.ts";
import { cut, MAX_LINE } from "./value-bounds.ts";
import type { Here } from "./here.ts";
import type { Walk } from "./walk.ts";

const DAY = 24 * 60 * 60_000;
const TRIES = { attempts: 3, initial: 1000, backoff: 2 };

const UNDONE: JsonSchema = {
  type: "object",
  required: ["undone"],
  properties: { undone: { type: "boolean" }, note: { type: "string", maxLength: 4000 } },
};

/** Keeps what undoes a step that is done, with everything filled in as it is now. */
export function keepUndo(walk: Walk, here: Here): void {
  const { step, path } = here;
  const { compensate } = step;
  if (compensate === undefined) return;
  const undo: Undo = {
    path,
    title: cut(step.title ?? step.id, MAX_LINE),
    effect_key: effectKey(walk.run.id, path),
    work: workOf(walk, here, compensate),
    timeout: step.timeout,
    idempotent: step.idempotent,
  };
  walk.journal.undo.push(undo);
  walk.kept.add(undo, path);
}

/** What happened is to be undone also where the run has no room for how: then somebody is asked. */
function workOf(walk: Walk, here: Here, compensate: Compensation): Undo["work"] {
  const { path } = here;
  try {
    const work =
      "prompt" in compensate
        ? { prompt: walk.text(compensate.prompt, here) }
        : { call: "call" in compensate ? filledTool(walk, here, compensate.call) : filledProgram(walk, here, compensate.program) };
    walk.kept.check(work as unknown as Json, "What undoes it", path);
    return work;
  } catch (error) {
    if (!(error instanceof StepFailure) || error.code !== "too_large") throw error;
    return { prompt: `Undo what \`${path}\` did, as its definition says. ${error.message}` };
  }
}

/** Undoes what was done, newest first. What could not be undone is handed to a person; the rest is undone meanwhile. */
export async function compensate(walk: Walk): Promise<void> {
  const { journal } = walk;
  const asked = Object.keys(journal.undo_asked).map((path) => askPerson(walk, journal.undo_asked[path]!));
  while (journal.undo.length > 0) {
    await walk.gate();
    const undo = journal.undo.at(-1)!;
    await walk.busy(async () => {
      const failed = await undone(walk, undo);
      journal.undo.pop();
      if (failed === undefined) return walk.record(undo.path, "compensated", undo.title);
      journal.undo_failed = true;
      journal.undo_asked[undo.path] = { undo, message: failed };
      walk.record(undo.path, "warned", `It could not be undone: ${failed}`);
      asked.push(askPerson(walk, journal.undo_asked[undo.path]!));
    });
  }
  await Promise.all(asked);
}

async function undone(walk: Walk, undo: Undo): Promise<string | undefined> {
  if ("prompt" in undo.work) {
    const { prompt } = undo.work;
    const answer = await walk.idle(() => ask(walk, undo, prompt, "agent"));
    return answer.undone ? undefined : (answer.note ?? "the agent could not");
  }
  const outcome = await walk.ports.call(
    undo.work.call as ServerCall,
    {
      path: `${undo.path}#undo`,
      effect_key: undo.effect_key,
      read_only: false,
      timeout: undo.timeout,
      retry: undo.idempotent ? TRIES : { ...TRIES, attempts: 1 },
    },
    new RunScope(),
  );
  return outcome.status === "done" ? undefined : cut(outcome.message, MAX_LINE);
}

async function askPerson(walk: Walk, { undo, message }: { readonly undo: Undo; readonly message: string }): Promise<void> {
  const answer = await ask(
    walk,
    undo,
    `\`${undo.path}\` could not be undone: ${message}\n\nUndo it by hand. Its key outside is \`${undo.effect_key}\`.`,
    "human",
  );
  walk.record(undo.path, answer.undone ? "compensated" : "warned", answer.note);
  delete walk.journal.undo_asked[undo.path];
}

async function ask(
  walk: Walk,
  undo: Undo,
  instructions: string,
  executor: "agent" | "human",
): Promise<{ readonly undone: boolean; readonly note?: string }> {
  const parameters: { [name: string]: Json } = { prompt: instructions, effect_key: undo.effect_key };
  if ("call" in undo.work) parameters["call"] = undo.work.call as unknown as Json;
  const { outcome, result, note } = await walk.ports.action(
    {
      action_id: `${undo.path}#undo-${executor}`,
      step_id: undo.path,
      effect_key: undo.effect_key,
      type: "prompt",
      executor,
      title: `Undo: ${undo.title}`,
      instructions,
      parameters,
      context: [],
      result_schema: UNDONE,
      accept: [],
      evidence: [],
      lease_ms: DAY,
      max_attempts: 1,
      on_deadline: "end",
    },
    async () => ({ ok: true }),
    new RunScope(),
  );
  if (outcome === "completed") return result as { readonly undone: boolean; readonly note?: string };
  return { undone: false, ...(note === undefined ? {} : { note }) };
}
