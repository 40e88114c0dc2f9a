import { defineCommand, paint, progressOn, type Command } from "@platform-ops/ledger";
import type { DurableServer } from "./durable-server.ts";
import { setUpTemporal, setUpWorker } from "./setup-parts.ts";

/** `setup`: brings what durable runs need into the data directory and the cache. A second call finds it all there. */
export function setupCommand<D>(of: (deps: D) => { server: DurableServer; openLedger(): Promise<unknown> }): Command<D> {
  return defineCommand<D>({
    name: "setup",
    summary: "Install what durable runs need: Temporal and the worker's runtime",
    usage: "setup",
    examples: ["setup"],
    async run(_input, deps, terminal) {
      const { server, openLedger } = of(deps);
      const progress = progressOn(terminal);
      const say = (line: string): void => progress.say(line);
      const told = async (part: Promise<string>): Promise<void> => {
        const line = await part;
        progress.end();
        terminal.stderr(`${paint(terminal, "good", "✓")} ${line}\n`);
      };
      await openLedger();
      const ended = await Promise.allSettled([told(setUpTemporal(server, say)), told(setUpWorker(server, say))]);
      progress.end();
      const failed = ended.find((end) => end.status === "rejected");
      if (failed !== undefined) throw failed.reason;
      terminal.stdout("Ready.\n");
      return 0;
    },
  });
}
