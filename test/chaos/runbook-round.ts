import { setTimeout as sleep } from "node:timers/promises";
import { META_WORKFLOWS_BIN, startAgent, type Agent, type ToolAnswer } from "../support/mcp-client.ts";
import { kill, until } from "../support/processes.ts";
import type { RunbookHome } from "./runbook-home.ts";
import type { RunbookStory, RunbookVictim } from "./runbook-stories.ts";

/** One kill: whom, after what, and whether the answer was heard. */
export interface RunbookKill {
  readonly victim: RunbookVictim;
  readonly boundary: string;
}

const END_WITHIN_MS = 60_000;
let rounds = 0;

/** Plays a story with one kill in it. Returns what does not hold afterwards: nothing, where all is well. */
export async function playRunbook(home: RunbookHome, story: RunbookStory, { victim, boundary }: RunbookKill): Promise<string[]> {
  rounds += 1;
  await home.forget();
  const player = new RunbookPlayer(home, story, { victim, boundary }, `${story.workflow}-${rounds}`);
  try {
    const end = await player.play();
    const problems = [...player.problems, ...wrongEffects(story, await home.effects())];
    if (end.data["status"] !== "completed") problems.push(`it ended as ${String(end.data["status"])}: ${end.text}`);
    if (!player.killed) problems.push(`nobody was killed at ${boundary}`);
    return problems;
  } finally {
    await player.close();
  }
}

/** What happened otherwise than it must have. */
function wrongEffects({ once, idempotent }: RunbookStory, effects: readonly string[]): string[] {
  const times = (line: string): number => effects.filter((effect) => effect === line).length;
  return [
    ...once.filter((line) => times(line) !== 1).map((line) => `${times(line)} times: ${line}`),
    ...idempotent.filter((line) => times(line) === 0).map((line) => `it did not happen: ${line}`),
    ...effects.filter((line) => !once.includes(line) && !idempotent.includes(line)).map((line) => `nobody asked for: ${line}`),
  ];
}

/** A client that loses servers and starts others, and sends again what was not answered. */
class RunbookPlayer {
  readonly problems: string[] = [];
  killed = false;
  readonly #home: RunbookHome;
  readonly #story: RunbookStory;
  readonly #kill: RunbookKill;
  readonly #id: string;
  #agent: Promise<Agent> | undefined;

  constructor(home: RunbookHome, story: RunbookStory, kill: RunbookKill, id: string) {
    this.#home = home;
    this.#story = story;
    this.#kill = kill;
    this.#id = id;
  }

  async play(): Promise<ToolAnswer> {
    const { workflow, inputs, results } = this.#story;
    const deadline = Date.now() + END_WITHIN_MS;
    await this.#step("start", "start_workflow", { workflow_name: workflow, workflow_id: this.#id, inputs });
    for (;;) {
      const next = await this.#answered("next_action", { workflow_id: this.#id, wait_seconds: 1 });
      const { status, action } = next.data;
      if (action !== undefined) {
        const { step_id, action_id, attempt } = action as { step_id: string; action_id: string; attempt: { id: string } };
        if (results[step_id] === undefined) throw new Error(`the story has no result for ${step_id}`);
        await this.#submit(step_id, { action_id, attempt_id: attempt.id, result: results[step_id] });
      } else if (JSON.stringify(next.data["waiting_for"] ?? []).includes('"approval"')) {
        await this.#step("approval", "request_approval", { workflow_id: this.#id });
      } else if (status !== "running" || Date.now() > deadline) return next;
    }
  }

  /** A result that was taken gives its receipt for ever, whatever was killed meanwhile. */
  async #submit(step: string, result: Record<string, unknown>): Promise<void> {
    const args = { workflow_id: this.#id, ...result };
    await this.#step(step, "submit_result", args);
    const again = await this.#answered("submit_result", args);
    const receipt = again.data["receipt"];
    if (receipt?.replayed !== true || receipt.action_id !== result["action_id"] || receipt.attempt_id !== result["attempt_id"])
      this.problems.push(`the receipt of ${step} after it was taken: ${JSON.stringify(receipt)} ${again.text}`);
  }

  /** A call at whose boundary somebody may be killed: while it is on the way. Then it is sent again, until it is answered. */
  async #step(boundary: string, tool: string, args: Record<string, unknown>): Promise<ToolAnswer> {
    const isEffect = this.#kill.boundary === "effect" && boundary === "approval";
    if ((this.#kill.boundary !== boundary && !isEffect) || this.killed) return await this.#answered(tool, args);
    const sent = this.#call(tool, args);
    // It has happened, and the platform has not said so yet: whoever looks for it finds it done.
    if (isEffect) await until(async () => (await this.#home.effects()).includes(this.#story.once[0] ?? ""), "the effect");
    else await sleep(boundary === "start" || this.#kill.victim === "client" ? 30 : 100);
    await this.#killNow();
    await sent;
    return await this.#answered(tool, args);
  }

  async #killNow(): Promise<void> {
    const { victim } = this.#kill;
    const agent = await this.#connected();
    if (victim === "client") await this.close();
    else if (victim === "server") process.kill(agent.pid, "SIGKILL");
    else await kill(this.#home.home, victim);
    this.killed = true;
  }

  /** Asked until it is answered: what can be tried again is, and a decision that was handed over is one. */
  async #answered(tool: string, args: Record<string, unknown>): Promise<ToolAnswer> {
    const deadline = Date.now() + END_WITHIN_MS;
    for (;;) {
      const answer = await this.#call(tool, args);
      if (answer !== undefined && (!answer.isError || answer.data["error"]?.code === "approval_not_found")) return answer;
      if (answer !== undefined && !retryable(answer)) throw new Error(`${tool}: ${answer.text}`);
      if (Date.now() > deadline) throw new Error(`${tool} was never answered: ${answer?.text ?? ""}`);
      await sleep(200);
    }
  }

  /** One call; undefined where the server or the client died under it. */
  async #call(tool: string, args: Record<string, unknown>): Promise<ToolAnswer | undefined> {
    try {
      return await (await this.#connected()).call(tool, args);
    } catch {
      await this.close();
      return undefined;
    }
  }

  #connected(): Promise<Agent> {
    this.#agent ??= startAgent({
      bin: META_WORKFLOWS_BIN,
      roots: [],
      home: this.#home.home,
      env: this.#home.env,
      cwd: this.#home.project,
      person: () => ({ action: "accept", content: { decision: "approve" } }),
    });
    return this.#agent;
  }

  async close(): Promise<void> {
    const agent = this.#agent;
    this.#agent = undefined;
    await agent?.then((one) => one.close()).catch(() => undefined);
  }
}

const retryable = (answer: ToolAnswer): boolean =>
  answer.data["error"]?.retryable === true || ["temporal_unavailable", "not_confirmed"].includes(String(answer.data["error"]?.code));
