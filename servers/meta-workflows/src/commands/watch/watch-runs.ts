import { setTimeout as sleep } from "node:timers/promises";
import type { Command, Terminal } from "@platform-ops/ledger";
import type { MetaWorkflowsDeps } from "../../deps.ts";
import { DURABLE } from "../../identity.ts";
import { viewOf } from "../../runs/read-run.ts";
import { WORKFLOW_TYPE } from "../../worker/run-contract.ts";
import { frame, lineOf, type WatchedRun } from "./watch-frame.ts";

const EVERY_MS = 2_000;
const MOST = 50;
const HOME_AND_CLEAR = "\u001b[H\u001b[J";

/** `runs` with `--watch`: a view that is drawn anew; without a terminal or colours, a line for each change, until no run is open. */
export function watchableRuns(
  command: Command<void>,
  deps: Pick<MetaWorkflowsDeps, "orchestration" | "ledger">,
  everyMs = EVERY_MS,
): Command {
  return {
    ...command,
    usage: `${command.usage} [--watch]`,
    examples: [...(command.examples ?? []), "runs --watch"],
    options: {
      ...command.options,
      watch: { type: "boolean", description: "Follow this server's runs; without a terminal until none is open" },
    },
    run: (input, given: void, terminal, signal) =>
      input.options["watch"] === true
        ? watch(deps as MetaWorkflowsDeps, terminal, signal, everyMs)
        : command.run(input, given, terminal, signal),
  };
}

async function watch(deps: MetaWorkflowsDeps, terminal: Terminal, signal: AbortSignal, everyMs: number): Promise<0> {
  const isLive = terminal.isTTY && terminal.color;
  const orchestration = await deps.orchestration({ worker: false });
  const seen = new Map<string, string>();
  while (!signal.aborted) {
    const { runs } = await orchestration.list({ server: DURABLE.name, limit: MOST });
    const own = runs.filter(({ type }) => type === WORKFLOW_TYPE);
    const watched = await Promise.all(own.map(async (run): Promise<WatchedRun> => viewOf(run, deps)));
    if (isLive) terminal.stdout(HOME_AND_CLEAR + frame(watched, terminal, new Date()));
    else {
      for (const run of watched) {
        const line = lineOf(run);
        if (seen.get(run.workflow_id) !== line) terminal.stdout(`${line}\n`);
        seen.set(run.workflow_id, line);
      }
      if (watched.every(({ end }) => end !== undefined)) return 0;
    }
    await sleep(everyMs, undefined, { signal }).catch(() => undefined);
  }
  return 0;
}
