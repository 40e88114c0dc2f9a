import type { Closure, Json } from "@platform-ops/meta-workflow-registry/definition";
import type { ActionRecord } from "@platform-ops/meta-workflow-registry/run";
import { Simulator, type Scenario, type World } from "@platform-ops/meta-workflow-registry/scenario";

/** What is said to an action; undefined: nobody answers. */
export interface Said {
  readonly outcome: "completed" | "failed" | "blocked" | "declined";
  readonly result: Json;
  readonly note?: string;
}

/** An answer that was taken. */
export interface Answered {
  readonly action: ActionRecord;
  readonly said: Said;
}

export interface PlayOptions {
  readonly closure: Closure;
  readonly inputs: { readonly [name: string]: Json };
  readonly world: World;
  readonly events?: Scenario["events"];
  readonly answer: (action: ActionRecord, refusals: readonly string[]) => Promise<Said | undefined>;
  readonly signal: AbortSignal;
  /** True where it is not to go on. */
  readonly stop?: () => boolean;
}

/** A run that was played through. */
export interface Played {
  readonly sim: Simulator;
  readonly answered: readonly Answered[];
  /** Why answers were not taken. */
  readonly refused: readonly { readonly action_id: string; readonly say: string }[];
  /** Actions that nobody answered. */
  readonly unanswered: readonly string[];
}

const STARTED_AT = Date.parse("2026-01-05T09:00:00Z");
const HORIZON_MS = 90 * 86_400_000;
const MOST_TURNS = 5_000;
/** So often an action that was refused is answered anew. */
const MOST_ANSWERS = 4;

/** Plays a run through on a virtual clock: each action is answered as soon as it is open, and time passes when nothing else can. */
export async function playThrough(options: PlayOptions): Promise<Played> {
  const { closure, inputs, world, signal } = options;
  const sim = new Simulator({ closure, inputs, world, started_at: STARTED_AT });
  for (const { name, value, at } of options.events ?? []) sim.clock.after(at, () => void sim.happen(name, value), true);
  const answered: Answered[] = [];
  const refused: { action_id: string; say: string }[] = [];
  const unanswered = new Set<string>();
  const tries = new Map<string, number>();
  const answerOne = async (action: ActionRecord): Promise<boolean> => {
    const tried = tries.get(action.action_id) ?? 0;
    if (tried >= MOST_ANSWERS) return false;
    tries.set(action.action_id, tried + 1);
    const said = await options.answer(
      action,
      refused.filter(({ action_id }) => action_id === action.action_id).map(({ say }) => say),
    );
    if (said === undefined) {
      tries.set(action.action_id, MOST_ANSWERS);
      unanswered.add(action.action_id);
      return false;
    }
    const why = await submit(sim, action, said);
    if (why === undefined) answered.push({ action, said });
    else refused.push({ action_id: action.action_id, say: why });
    await sim.flush();
    return true;
  };
  await sim.flush();
  for (let turn = 0; turn < MOST_TURNS && sim.end === undefined; turn += 1) {
    if (signal.aborted) throw signal.reason;
    if (options.stop?.() === true) break;
    let hasActed = false;
    for (const action of sim.book.open_actions()) {
      if (sim.book.get(action.action_id)?.state === "verifying") continue;
      if (await answerOne(action)) hasActed = true;
    }
    if (options.stop?.() === true) break;
    if (!hasActed && sim.end === undefined && !(await sim.advance(STARTED_AT + HORIZON_MS))) break;
  }
  return { sim, answered, refused, unanswered: [...unanswered] };
}

/** Undefined where it was taken, else why not. */
async function submit(sim: Simulator, action: ActionRecord, { outcome, result, note }: Said): Promise<string | undefined> {
  const isPersons = action.state === "needs_human" || action.executor === "human";
  const agent = { id: isPersons ? "somebody" : "an agent" };
  const held = isPersons ? action : sim.book.claim(action.action_id, agent, sim.clock.now());
  if (!("action_id" in held)) return undefined;
  sim.desk.pump();
  const pending = sim.desk.submit({
    action_id: action.action_id,
    attempt_id: held.attempt.id,
    outcome,
    result,
    agent,
    person: isPersons,
    ...(note === undefined ? {} : { note }),
  });
  const settled: Awaited<typeof pending>[] = [];
  void pending.then((answer) => settled.push(answer));
  await sim.flush();
  // The server's checks of the answer may take time.
  while (settled.length === 0 && (await sim.advance())) continue;
  const [answer] = settled;
  if (answer?.status === "refused") return answer.refusal.message;
  if (answer?.status === "settled" && answer.settled.status === "rejected") return answer.settled.refusal.message;
  return undefined;
}
