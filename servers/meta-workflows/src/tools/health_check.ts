import { isOpsError } from "@platform-ops/errors";
import { runQueue } from "@platform-ops/orchestration";
import { z } from "zod";
import { tool } from "../deps.ts";
import { DURABLE } from "../identity.ts";

export const health_check = tool({
  name: "health_check",
  title: "Health check",
  description: "Whether Temporal answers; how many runs are open.",
  effect: "read",
  toolset: "runs",
  input: z.strictObject({}),
  async run(_input, deps) {
    const { settings } = deps.config;
    const timestamp = new Date().toISOString();
    const common = { namespace: settings.temporal.namespace, mock_mode: false };
    try {
      const orchestration = await deps.orchestration({ worker: false });
      const active_count = await orchestration.countOpen({ server: DURABLE.name });
      const { address, namespace, build } = orchestration.inUse;
      const temporal = {
        status: "healthy",
        connected: true,
        mock_mode: false,
        host: address,
        namespace,
        task_queue: runQueue(deps.durable, (await deps.ledger()).directory.id, build),
      };
      return {
        text: `healthy: Temporal at ${address}, ${active_count} open run(s)`,
        data: { status: "healthy", components: { temporal, workflows: { active_count } }, timestamp, mock_mode: false },
      };
    } catch (error) {
      if (!isOpsError(error)) throw error;
      const temporal = {
        status: "unhealthy",
        connected: false,
        host: settings.temporal.address ?? "local",
        task_queue: DURABLE.clusterQueue,
        ...common,
      };
      return {
        text: `unhealthy: ${error.message} ${error.hint}`,
        data: {
          status: "unhealthy",
          components: { temporal, workflows: { active_count: 0 } },
          timestamp,
          mock_mode: false,
          error: { code: error.code, message: error.message, hint: error.hint },
        },
      };
    }
  },
});
