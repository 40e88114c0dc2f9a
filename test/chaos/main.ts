import { parseArgs } from "node:util";
import { KUBECTL_MISSING } from "../support/kube-api/kubectl.ts";
import { SSHD_MISSING } from "../support/sshd.ts";
import { attack } from "./attack.ts";
import { playRound, type RoundReport } from "./round.ts";
import { runbookHome } from "./runbook-home.ts";
import { playRunbook } from "./runbook-round.ts";
import { DEPLOYMENT, INCIDENT, RUNBOOK_VICTIMS } from "./runbook-stories.ts";

// Hostile values in every string argument of every tool that reaches machines, kills at every boundary of two runbooks, then
// random kills over random runs: `npm run chaos -- [--seed N] [--rounds N] [--minutes N] [--only hostile|runbooks|kills]`. Round i of seed S is the story of
// seed S + i, so that one round is repeated by its own seed and `--rounds 1` (the moments of the kills are then the same, what
// the machine does in them is not).

const { values } = parseArgs({
  options: { seed: { type: "string" }, rounds: { type: "string" }, minutes: { type: "string" }, only: { type: "string" } },
});
const number = (text: string | undefined, otherwise: number): number => {
  const value = text === undefined ? otherwise : Number(text);
  if (!Number.isFinite(value) || value < 0) throw new Error(`not a number: ${text}`);
  return value;
};
const first = Math.trunc(number(values.seed, Date.now() % 1_000_000));
const rounds = values.rounds === undefined ? Number.POSITIVE_INFINITY : Math.trunc(number(values.rounds, 1));
/** More than 10,000 in all. */
const VALUES_PER_ARGUMENT = 130;
const until =
  Date.now() +
  (values.rounds === undefined || values.minutes !== undefined ? number(values.minutes, 5) * 60_000 : Number.POSITIVE_INFINITY);

// A signal ends it after the round, so that nothing of it is left running.
const stop = new AbortController();
for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => stop.abort());
let [passed, failed] = [0, 0];
console.log(`chaos, seed ${first}`);
const plays = (part: string): boolean => values.only === undefined || values.only === part;
if (plays("hostile")) await playHostileValues();
if (plays("runbooks")) await playRunbooks();
for (let i = 0; plays("kills") && i < rounds && Date.now() < until && !stop.signal.aborted; i += 1) {
  const report = await playRound(first + i).catch((error: unknown) => `round of seed ${first + i} broke off: ${String(error)}`);
  if (typeof report === "string" || report.problems.length > 0) failed += 1;
  else passed += 1;
  console.log(typeof report === "string" ? report : lineOf(report));
}
console.log(`${passed} passed, ${failed} failed`);
process.exitCode = failed > 0 ? 1 : 0;

async function playHostileValues(): Promise<void> {
  const missing = SSHD_MISSING ?? KUBECTL_MISSING;
  if (missing !== undefined) return console.log(`hostile values: skipped, ${missing}`);
  const report = await attack({ seed: first, perArgument: VALUES_PER_ARGUMENT, signal: stop.signal });
  const isHeld = report.problems.length === 0;
  if (isHeld) passed += 1;
  else failed += 1;
  const size = `${report.values} hostile values in ${report.arguments} arguments of ${report.tools} tools, ${report.started} came as far as a program`;
  console.log([`${isHeld ? "ok    " : "FAILED"} ${size}`, ...report.problems.map((problem) => `         ${problem}`)].join("\n"));
}

/** Everybody killed once at every boundary of the shipped runbooks. */
async function playRunbooks(): Promise<void> {
  const home = await runbookHome();
  try {
    for (const story of [INCIDENT, DEPLOYMENT])
      for (const boundary of story.boundaries)
        for (const victim of RUNBOOK_VICTIMS) {
          if (stop.signal.aborted) return;
          const problems = await playRunbook(home, story, { victim, boundary }).catch((error: unknown) => [
            `it broke off: ${String(error)}`,
          ]);
          if (problems.length === 0) passed += 1;
          else failed += 1;
          const head = `${problems.length === 0 ? "ok    " : "FAILED"} ${story.workflow}, ${victim} killed at ${boundary}`;
          console.log([head, ...problems.map((problem) => `         ${problem}`)].join("\n"));
        }
  } finally {
    await home.remove();
  }
}

function lineOf({ story, killed, phase, seconds, problems, status }: RoundReport): string {
  const graph = story.workspaces.map(({ name, needs }) => (needs?.length ? `${name}<${needs.join("+")}` : name)).join(" ");
  const head = `${problems.length === 0 ? "ok    " : "FAILED"} seed ${story.seed}  ${graph}  ${story.approval}  killed ${killed.join(" ") || "nobody"}  ${phase} in ${seconds.toFixed(1)} s`;
  return problems.length === 0
    ? head
    : [head, ...problems.map((problem) => `         ${problem}`), ...status.split("\n").map((line) => `       | ${line}`)].join("\n");
}
