import { join } from "node:path";
import { existsSync } from "node:fs";
import { afterEach, expect, test } from "vitest";
import { AUTO_CONFIG, effects, writeProject } from "../support/home.ts";
import { kill, lives, pidOf, until } from "../support/processes.ts";
import { openSession, startRun, type Session } from "../support/run.ts";

// What a client's server does for the supervisor without being asked: it brings back one that was killed, and leaves one
// that was stopped alone.

let session: Session | undefined;
afterEach(async () => {
  await session?.remove();
  session = undefined;
});

test("supervisor, worker and Temporal killed at once: a server that lives brings them back with no call, and the run goes on", async () => {
  session = await openSession(AUTO_CONFIG);
  const { home, connect } = session;
  await writeProject(home.project, [
    { name: "a", seconds: 3 },
    { name: "b", needs: ["a"] },
  ]);
  await startRun(await connect());
  await until(async () => (await effects(home.project, "a")) > 0, "the apply of a");
  const killed = await kill(home.home, "supervisor");
  await Promise.all([kill(home.home, "worker"), kill(home.home, "temporal")]);
  await until(() => existsSync(join(home.project, "effects", "b.done")), "the apply of b");
  expect([await effects(home.project, "a"), await effects(home.project, "b")]).toEqual([1, 1]);
  expect(await pidOf(home.home, "supervisor")).not.toBe(killed);
});

test("one that was stopped stays stopped until a call needs it", async () => {
  session = await openSession(AUTO_CONFIG);
  const { home, connect } = session;
  await writeProject(home.project, [{ name: "a" }]);
  const agent = await connect();
  await agent.call("list_runs", {});
  const pid = (await pidOf(home.home, "supervisor")) as number;
  await home.run(["supervisor", "stop"]);
  // Longer than it takes to bring back one that was killed.
  await new Promise((resolve) => setTimeout(resolve, 4_000));
  expect(lives(pid)).toBe(false);
  expect(await pidOf(home.home, "supervisor")).toBeUndefined();
  expect((await agent.call("list_runs", {})).isError).toBe(false);
  expect(await pidOf(home.home, "supervisor")).toBeDefined();
});
