import type { Json } from "../definition/definition.ts";
import { fillTemplate } from "../expression/index.ts";
import type { ActionRecord, Agent, DeskAnswer } from "../run/index.ts";
import type { Answer, Scenario } from "./scenario.ts";
import type { Simulator } from "./simulator.ts";
import { isStep } from "./step-pattern.ts";

interface Player {
  readonly id: string;
  readonly role: string | undefined;
  readonly person: boolean;
  readonly does: readonly Answer[];
  readonly used: Set<string>;
  readonly seen: Set<string>;
  isGone: boolean;
}

interface Late {
  readonly player: Player;
  readonly action: ActionRecord;
  readonly answer: Answer;
}

/** The scripted agents and people of a scenario. */
export class Cast {
  /** Codes of refused submissions, in their order. */
  readonly refused: string[] = [];
  /** What they saw that a correct run never shows. */
  readonly surprises: string[] = [];
  readonly #sim: Simulator;
  readonly #players: readonly Player[];
  #late: Late[] = [];

  constructor(sim: Simulator, scenario: Pick<Scenario, "agents" | "people">) {
    this.#sim = sim;
    const player =
      (person: boolean) =>
      ([id, { role, does }]: [string, Scenario["agents"][string]]): Player => ({
        id,
        role,
        person,
        does,
        used: new Set(),
        seen: new Set(),
        isGone: false,
      });
    this.#players = [...Object.entries(scenario.agents).map(player(false)), ...Object.entries(scenario.people).map(player(true))];
  }

  /** Everybody takes what is theirs; true where somebody did something. */
  async act(): Promise<boolean> {
    const late = this.#late.filter(({ action }) => this.#sim.book.get(action.action_id)?.attempt.id !== action.attempt.id);
    this.#late = this.#late.filter((one) => !late.includes(one));
    for (const one of late) await this.#submit(one.player, one.action, one.answer);
    let hasActed = late.length > 0;
    for (const player of this.#players) for (const action of this.#sim.book.open_actions()) if (this.#take(player, action)) hasActed = true;
    await this.#sim.flush();
    return hasActed;
  }

  #take(player: Player, action: ActionRecord): boolean {
    const isPersons = action.state === "needs_human" || action.executor === "human";
    if (player.isGone || player.person !== isPersons) {
      if (!(action.type === "ask" && !player.isGone)) return false;
    }
    if (player.role !== undefined && action.role !== undefined && player.role !== action.role) return false;
    if (player.seen.has(action.attempt.id)) return false;
    const at = player.does.findIndex(
      (answer, number) => isStep(answer.when, action.action_id) && !player.used.has(`${action.action_id} ${number}`),
    );
    const answer = player.does[at];
    if (answer === undefined) return false;
    const agent: Agent = { id: player.id };
    const claimed = player.person ? action : this.#sim.book.claim(action.action_id, agent, this.#sim.clock.now());
    if (!("action_id" in claimed)) return false;
    if (!player.person) this.#sim.desk.pump();
    if (player.seen.has(claimed.attempt.id)) return false;
    player.seen.add(claimed.attempt.id);
    player.used.add(`${action.action_id} ${at}`);
    if (answer.vanish) player.isGone = true;
    else if (answer.late) this.#late.push({ player, action: claimed, answer });
    else this.#play(player, claimed, answer, answer.progress);
    return true;
  }

  #play(player: Player, action: ActionRecord, answer: Answer, progress: number): void {
    const go = (): void => {
      if (progress === 0) void this.#submit(player, action, answer);
      else {
        void this.#sim.desk.submit({ action_id: action.action_id, attempt_id: action.attempt.id, outcome: "progress", result: null });
        this.#play(player, action, answer, progress - 1);
      }
    };
    if (answer.after === 0) go();
    else this.#sim.clock.after(answer.after, go, true);
  }

  async #submit(player: Player, action: ActionRecord, answer: Answer): Promise<void> {
    const { outcome, note } = answer;
    const submission = {
      action_id: action.action_id,
      attempt_id: action.attempt.id,
      outcome,
      result: fillTemplate(answer.submit ?? null, { action: shown(action) }),
      agent: { id: player.id },
      person: player.person,
      ...(note === undefined ? {} : { note }),
    };
    const first = await this.#sim.desk.submit(submission);
    const code = refusalOf(first);
    if (code !== undefined) this.refused.push(code);
    if (!answer.twice) return;
    const second = await this.#sim.desk.submit(submission);
    if (code === undefined && second.status !== "replayed")
      this.surprises.push(`${action.action_id}: the same result sent twice was ${refusalOf(second) ?? second.status}, not replayed.`);
  }
}

function refusalOf(answer: DeskAnswer): string | undefined {
  if (answer.status === "refused") return answer.refusal.code;
  if (answer.status === "settled" && answer.settled.status === "rejected") return answer.settled.refusal.code;
  return undefined;
}

function shown({ action_id, step_id, attempt, parameters, context, effect_key }: ActionRecord): Json {
  const given = Object.fromEntries(context.map(({ name, value }) => [name, value]));
  return { id: action_id, step: step_id, attempt: attempt.number, parameters, given, effect_key };
}
