import type { Definition, Json } from "@platform-ops/meta-workflow-registry/definition";
import { cut, type Journal, type RunEnd, type TimelineEvent } from "@platform-ops/meta-workflow-registry/run";
import type { FinishTask } from "./activity-contract.ts";
import { fitting, MOST_IN_A_MESSAGE } from "./kept-bytes.ts";

const MOST_REPORTED = 5_000;
const FEW_REPORTED = 500;

/** All that a run knows, for whoever asks while it is open. */
export function stateOf(definition: Definition, { steps, scopes }: Journal, timeline: readonly TimelineEvent[]): Json {
  return {
    completed_steps: finished(steps),
    remaining_steps: definition.steps.map(({ id }) => id).filter((id) => steps[id] === undefined),
    inputs: scopes[""]?.inputs ?? {},
    state: scopes[""]?.state ?? {},
    scopes: Object.fromEntries(Object.entries(scopes).filter(([path]) => path !== "")) as unknown as Json,
    steps: Object.fromEntries(
      Object.entries(steps).map(([path, { status, output, simulated }]) => [
        path,
        { status, output: output ?? null, ...(simulated === true ? { simulated } : {}) },
      ]),
    ),
    timeline: timeline as unknown as Json,
  };
}

/** What a report keeps of the steps, of the state and of the inputs. */
export function reportedOf({ steps, scopes }: Journal): Pick<FinishTask, "state" | "inputs" | "steps" | "simulated"> {
  return {
    state: scopes[""]?.state ?? {},
    inputs: scopes[""]?.inputs ?? {},
    steps: finished(steps).slice(0, MOST_REPORTED),
    simulated: Object.keys(steps)
      .filter((path) => steps[path]?.simulated === true)
      .slice(0, MOST_REPORTED),
  };
}

/** A report that fits into a message: the whole one, or with less and less. */
export function fittingReport(whole: FinishTask, timeline: readonly TimelineEvent[]): FinishTask {
  const short = {
    timeline,
    steps: whole.steps.slice(0, FEW_REPORTED),
    simulated: whole.simulated?.slice(0, FEW_REPORTED) ?? [],
  };
  const left_out = { truncated: true };
  const { output: _, ...bare } = whole.end;
  return fitting(
    () => whole,
    () => ({ ...whole, ...short }),
    () => ({ ...whole, ...short, state: left_out }),
    () => ({ ...whole, ...short, state: left_out, inputs: left_out, end: { ...bare, output: left_out } }),
  );
}

function finished(steps: Journal["steps"]): string[] {
  return Object.keys(steps).filter((path) => steps[path]?.status !== "failed");
}

/** The last lines of a timeline, cut short: where all of it would be too much for a message. */
export function shortTimeline(timeline: readonly TimelineEvent[]): TimelineEvent[] {
  return timeline.slice(-100).map((line) => (line.text === undefined ? line : { ...line, text: cut(line.text, 200) }));
}

/** The end of a run that keeps too much to be carried on. */
export function tooLargeToGoOn(bytes: number): RunEnd {
  const message = `The run keeps ${bytes} bytes and cannot be carried on: at most ${MOST_IN_A_MESSAGE} are.`;
  return { status: "failed", error: { code: "too_large", message, path: "" } };
}
