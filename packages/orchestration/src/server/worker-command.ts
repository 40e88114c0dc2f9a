import { spawn } from "node:child_process";
import { join } from "node:path";
import { defineCommand, type Command } from "@platform-ops/ledger";
import { WORKER_HEAP } from "../supervisor/protocol.ts";
import type { DurableServer } from "./durable-server.ts";
import { workerSpec } from "./worker-spec.ts";

/** `worker`: carries runs out until it is told to end. The same command locally and under a cluster's process manager. */
export function workerCommand<D>(of: (deps: D) => DurableServer): Command<D> {
  return defineCommand<D>({
    name: "worker",
    summary: "Carry runs out, in the foreground",
    usage: "worker",
    examples: ["worker"],
    async run(_input, deps, terminal, signal) {
      const spec = await workerSpec(of(deps));
      const child = spawn(process.execPath, [...WORKER_HEAP, join(spec.build, spec.entry), ...spec.args], {
        env: spec.env,
        stdio: ["ignore", "inherit", "inherit"],
      });
      const stop = (): void => void child.kill("SIGTERM");
      signal.addEventListener("abort", stop);
      if (signal.aborted) stop();
      terminal.stderr(`worker ${spec.version} from ${spec.build}\n`);
      return await new Promise((resolve, reject) => {
        child.on("error", reject);
        child.on("close", (code) => resolve(code === 0 || signal.aborted ? 0 : code === 3 ? 3 : 1));
      });
    },
  });
}
