import { afterEach, describe, expect, test } from "vitest";
import { setTimeout as sleep } from "node:timers/promises";
import { AUTO_CONFIG, effects, newHome, writeProject, type TestHome } from "../support/home.ts";
import { startAgent, type Agent, type ToolAnswer } from "../support/mcp-client.ts";
import { kill, terraformPids, until, type Part } from "../support/processes.ts";
import { phases, statusWhen } from "../support/run.ts";

// SIGKILL of everything at every moment. Afterwards the run ends right by itself, with no client connected: nothing is
// applied twice (each apply leaves a line), nothing is lost.

const opened: { home: TestHome; agents: Agent[] }[] = [];
afterEach(async () => {
  for (const { home, agents } of opened.splice(0)) {
    await Promise.all(agents.map((agent) => agent.close().catch(() => undefined)));
    await home.remove();
  }
});

async function open(config: string): Promise<{ home: TestHome; connect(person?: boolean): Promise<Agent> }> {
  const home = await newHome({ config });
  const agents: Agent[] = [];
  opened.push({ home, agents });
  const connect = async (person = true): Promise<Agent> => {
    const agent = await startAgent({
      roots: [home.project],
      home: home.home,
      env: home.env,
      ...(person ? { person: () => ({ action: "accept" as const, content: { decision: "approve" } }) } : {}),
    });
    agents.push(agent);
    return agent;
  };
  return { home, connect };
}

async function end(agent: Agent, workflow_id: string): Promise<ToolAnswer> {
  const deadline = Date.now() + 120_000;
  for (;;) {
    const status = await agent.call("get_workflow_status", { workflow_id, wait_seconds: 10 });
    if (!status.isError && status.data["open"] !== true) return status;
    if (Date.now() > deadline) throw new Error(`the run did not end: ${status.text}`);
  }
}

const APPLY_SECONDS = 4;
/** Counting that keeps terraform busy for a second, so that there is a moment in which to kill. */
const SLOW_PLAN = `locals { busy = sum([for i in range(100) : length([for j in range(1000) : sha512("\${i}-\${j}")])]) }`;
const parts: (Part | "server")[] = ["server", "worker", "temporal", "supervisor"];

describe("during apply", () => {
  test.each(parts)("%s killed: each workspace applied once", async (part) => {
    const { home, connect } = await open(AUTO_CONFIG);
    await writeProject(home.project, [
      { name: "a", seconds: APPLY_SECONDS },
      { name: "b", needs: ["a"] },
    ]);
    const agent = await connect();
    const { data } = await agent.call("execute_workflow", { config_path: "infra.yaml" });
    await until(async () => (await effects(home.project, "a")) > 0, "the apply of a");
    if (part === "server") process.kill(agent.pid, "SIGKILL");
    else await kill(home.home, part);
    const again = part === "server" ? await connect() : agent;
    const status = await end(again, data["workflow_id"]);
    expect(
      status.data["workspaces"].map((w: { phase: string }) => w.phase),
      status.text,
    ).toEqual(["applied", "applied"]);
    expect([await effects(home.project, "a"), await effects(home.project, "b")]).toEqual([1, 1]);
  });
});

describe("while an approval is awaited", () => {
  test.each(parts)("%s killed: the decision still counts once", async (part) => {
    const { home, connect } = await open("");
    await writeProject(home.project, [{ name: "a" }]);
    const agent = await connect();
    const { data } = await agent.call("execute_workflow", { config_path: "infra.yaml" });
    await statusWhen(agent, data["workflow_id"], (now) => now["phase"] === "awaiting_approval");
    if (part === "server") process.kill(agent.pid, "SIGKILL");
    else await kill(home.home, part);
    const again = part === "server" ? await connect() : agent;
    const answered = await until(async () => {
      const answer = await again.call("request_approval", { workflow_id: data["workflow_id"] });
      return answer.isError ? undefined : answer;
    }, "an answer to the decision");
    expect(answered.data["status"], answered.text).toBe("approved");
    const status = await end(again, data["workflow_id"]);
    expect(status.data["workspaces"][0].phase, status.text).toBe("applied");
    expect(await effects(home.project, "a")).toBe(1);
  });
});

describe("during plan", () => {
  test.each(parts)("%s killed: planned again, applied once", async (part) => {
    const { home, connect } = await open(AUTO_CONFIG);
    await writeProject(
      home.project,
      Array.from({ length: 6 }, (_, i) => ({ name: `w${i}` })),
    );
    const agent = await connect();
    const { data } = await agent.call("execute_workflow", { config_path: "infra.yaml" });
    if (part === "server") process.kill(agent.pid, "SIGKILL");
    else await kill(home.home, part);
    const again = part === "server" ? await connect() : agent;
    const status = await end(again, data["workflow_id"]);
    expect(status.data["phase"], status.text).toBe("completed");
    for (let i = 0; i < 6; i += 1) expect(await effects(home.project, `w${i}`)).toBe(1);
  });
});

describe("between workspaces", () => {
  // The worker's turn is in process-faults.test.ts.
  test.each(parts.filter((part) => part !== "worker"))(
    "%s killed: the one that is applied stays as it is, the next is applied once",
    async (part) => {
      const { home, connect } = await open(AUTO_CONFIG);
      await writeProject(home.project, [{ name: "a" }, { name: "b", needs: ["a"], more: SLOW_PLAN }]);
      const agent = await connect();
      const { data } = await agent.call("execute_workflow", { config_path: "infra.yaml" });
      const between = await until(async () => {
        const status = await agent.call("get_workflow_status", { workflow_id: data["workflow_id"] });
        return phases(status)["a"] === "applied" ? status : undefined;
      }, "the apply of a");
      expect([await effects(home.project, "a"), await effects(home.project, "b")], between.text).toEqual([1, 0]);
      if (part === "server") process.kill(agent.pid, "SIGKILL");
      else await kill(home.home, part);
      const again = part === "server" ? await connect() : agent;
      const status = await end(again, data["workflow_id"]);
      expect(phases(status), status.text).toEqual({ a: "applied", b: "applied" });
      expect([await effects(home.project, "a"), await effects(home.project, "b")]).toEqual([1, 1]);
    },
  );
});

describe("terraform itself", () => {
  test("killed in plan: planned again, applied once", async () => {
    const { home, connect } = await open(AUTO_CONFIG);
    await writeProject(home.project, [{ name: "a", more: SLOW_PLAN }]);
    const agent = await connect();
    const { data } = await agent.call("execute_workflow", { config_path: "infra.yaml" });
    const planning = (): number | undefined => terraformPids("plan", "-json", home.home)[0];
    const killed = await until(planning, "the plan of a");
    process.kill(killed, "SIGKILL");
    await until(() => (planning() ?? killed) !== killed, "a second plan of a");
    const status = await end(agent, data["workflow_id"]);
    expect(phases(status), status.text).toEqual({ a: "applied" });
    expect(await effects(home.project, "a")).toBe(1);
  });

  test("killed in apply: stops, says what to look at, and applies nothing twice", async () => {
    const { home, connect } = await open(AUTO_CONFIG);
    await writeProject(home.project, [
      { name: "a", seconds: 3 },
      { name: "b", needs: ["a"] },
    ]);
    const agent = await connect();
    const { data } = await agent.call("execute_workflow", { config_path: "infra.yaml" });
    await until(async () => (await effects(home.project, "a")) > 0, "the apply of a");
    const [pid] = terraformPids("apply", "-json", home.home);
    expect(pid).toBeDefined();
    process.kill(pid as number, "SIGKILL");
    const status = await end(agent, data["workflow_id"]);
    const [a, b] = status.data["workspaces"] as { phase: string; error?: { code: string } }[];
    expect(["in_doubt", "partial", "failed"], status.text).toContain(a?.phase);
    expect(b?.phase).toBe("skipped");
    await sleep(500);
    expect([await effects(home.project, "a"), await effects(home.project, "b")]).toEqual([1, 0]);
  });
});
