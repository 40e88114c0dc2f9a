import { readFileSync } from "node:fs";
import { join } from "node:path";
import { waitingChangesets } from "../release/plan.mjs";

const STEPS = ["none", "patch", "minor", "major"] as const;
export type Step = (typeof STEPS)[number];

/** The largest step that the waiting changesets ask for. */
export function announcedStep(root: string): Step {
  const steps = waitingChangesets(root).flatMap((name) => {
    const [, head = ""] = readFileSync(join(root, ".changeset", `${name}.md`), "utf8").split(/^---$/m);
    return [...head.matchAll(/:\s*(patch|minor|major)\s*$/gm)].map(([, step]) => STEPS.indexOf(step as Step));
  });
  return STEPS[Math.max(0, ...steps)] ?? "none";
}

/** Whether a step from this version may break what was: a major one, and before 1.0.0 a minor one. */
export function mayBreak(version: string, step: Step): boolean {
  return STEPS.indexOf(step) >= STEPS.indexOf(version.startsWith("0.") ? "minor" : "major");
}
