import { afterAll, beforeAll, expect, test } from "vitest";
import { runbookHome, type RunbookHome } from "../chaos/runbook-home.ts";
import { playRunbook } from "../chaos/runbook-round.ts";
import { DEPLOYMENT, INCIDENT } from "../chaos/runbook-stories.ts";

// A fixed sample of `npm run chaos -- --only runbooks`, which kills everybody at every boundary.

let home: RunbookHome;
beforeAll(async () => {
  home = await runbookHome();
});
afterAll(async () => {
  await home?.remove();
});

test.each([
  { story: DEPLOYMENT, victim: "worker", boundary: "start" },
  { story: DEPLOYMENT, victim: "temporal", boundary: "effect" },
  { story: DEPLOYMENT, victim: "client", boundary: "release_note" },
  { story: INCIDENT, victim: "server", boundary: "assess" },
  { story: INCIDENT, victim: "worker", boundary: "effect" },
] as const)(
  "$story.workflow: $victim killed at $boundary; it finishes, and what must not happen twice happened once",
  async ({ story, ...one }) => {
    expect(await playRunbook(home, story, one)).toEqual([]);
  },
);
