import { setTimeout as sleep } from "node:timers/promises";
import { AUTO_CONFIG, newHome, writeProject, type TestHome } from "../support/home.ts";
import { startAgent, type Agent, type ToolAnswer } from "../support/mcp-client.ts";
import { pidOf, terraformPids } from "../support/processes.ts";
import { broken, processesOf, type Facts } from "./invariants.ts";
import { storyOf, type Story, type Victim } from "./story.ts";

/** How a round went. */
export interface RoundReport {
  readonly story: Story;
  /** `worker@1.2s`, in order. */
  readonly killed: readonly string[];
  readonly phase: string;
  readonly seconds: number;
  /** Invariants that did not hold; empty is good. */
  readonly problems: readonly string[];
  /** The last status that was seen. */
  readonly status: string;
}

const END_WITHIN_MS = 150_000;

/** Plays the story of a seed on a data directory of its own, and looks whether everything still holds afterwards. */
export async function playRound(seed: number): Promise<RoundReport> {
  const story = storyOf(seed);
  const home = await newHome({ config: story.approval === "auto" ? AUTO_CONFIG : "" });
  const begun = Date.now();
  try {
    await writeProject(home.project, story.workspaces);
    const player = new Player(home, story);
    const status = await player.play().finally(() => player.close());
    await home.run(["supervisor", "stop"]).catch(() => undefined);
    const facts: Facts = {
      home,
      story,
      status,
      terraformKilled: player.killed.some((line) => line.startsWith("terraform@")),
      answered: player.answered,
      codes: player.codes,
      left: await processesOf(home),
    };
    return {
      story,
      killed: player.killed,
      phase: String(status?.data["phase"] ?? "none"),
      seconds: (Date.now() - begun) / 1000,
      problems: await broken(facts),
      status: status?.text ?? "no status was ever read",
    };
  } finally {
    await home.remove();
  }
}

/** The client: starts the run, asks how it stands, plays the person; and the killer beside it. */
class Player {
  readonly killed: string[] = [];
  /** Calls that were answered. */
  answered = 0;
  /** Codes of failed answers. */
  readonly codes = new Set<string>();
  private readonly home: TestHome;
  private readonly story: Story;
  private agent: Promise<Agent> | undefined;

  constructor(home: TestHome, story: Story) {
    this.home = home;
    this.story = story;
  }

  async play(): Promise<ToolAnswer | undefined> {
    const started = await this.call("execute_workflow", { config_path: "infra.yaml" });
    if (started === undefined || started.isError) return started;
    const workflow_id = started.data["workflow_id"] as string;
    const end = Date.now() + END_WITHIN_MS;
    const killing = this.kill();
    let last: ToolAnswer | undefined;
    for (;;) {
      const status = await this.call("get_workflow_status", { workflow_id, wait_seconds: 2 });
      if (status !== undefined && !status.isError) last = status;
      if (last?.data["open"] === false || Date.now() > end) break;
      if (last?.data["phase"] === "awaiting_approval") await this.call("request_approval", { workflow_id });
    }
    await killing;
    return last;
  }

  async close(): Promise<void> {
    await this.agent?.then((agent) => agent.close()).catch(() => undefined);
  }

  /** One call; undefined where the server died under it. A dead server is started again, as a client does. */
  private async call(name: string, args: Record<string, unknown>): Promise<ToolAnswer | undefined> {
    this.agent ??= startAgent({
      roots: [this.home.project],
      home: this.home.home,
      env: this.home.env,
      person: () => ({ action: "accept", content: { decision: "approve" } }),
    });
    try {
      const answer = await (await this.agent).call(name, args);
      this.answered += 1;
      if (answer.isError) {
        this.codes.add(String(answer.data["error"]?.code));
        await sleep(200);
      }
      return answer;
    } catch {
      await this.close();
      this.agent = undefined;
      await sleep(100);
      return undefined;
    }
  }

  private async kill(): Promise<void> {
    const begun = Date.now();
    for (const { victims, after } of this.story.kills) {
      await sleep(after);
      const pids = await Promise.all(victims.map((victim) => this.find(victim)));
      victims.forEach((victim, i) => {
        const pid = pids[i];
        if (pid === undefined) return;
        try {
          process.kill(pid, "SIGKILL");
          this.killed.push(`${victim}@${((Date.now() - begun) / 1000).toFixed(1)}s`);
        } catch {
          // it ended by itself in this moment
        }
      });
    }
  }

  private async find(victim: Victim): Promise<number | undefined> {
    if (victim === "server") return (await this.agent?.catch(() => undefined))?.pid;
    if (victim !== "terraform") return await pidOf(this.home.home, victim);
    for (let tries = 0; tries < 30; tries += 1) {
      const [pid] = terraformPids(this.home.home);
      if (pid !== undefined) return pid;
      await sleep(50);
    }
    return undefined;
  }
}
