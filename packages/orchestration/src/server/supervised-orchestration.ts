import type { Keyring, Logger } from "@platform-ops/ledger";
import type { Orchestration } from "../contract/orchestration.ts";
import { touchSupervisor } from "../local/supervisor-client.ts";
import { watchSupervisor } from "../local/watch-supervisor.ts";
import type { DurableServer } from "./durable-server.ts";
import { keepOrchestration, type KeptOrchestration, type Need } from "./keep-orchestration.ts";
import { openOrchestration, type ClientFace } from "./open-orchestration.ts";

/** What a server gives to have durable runs. */
export interface SupervisedParts {
  readonly server: DurableServer;
  readonly client: ClientFace;
  readonly logger: Logger;
  keys(): Promise<Keyring>;
}

/**
 * Temporal for one server process: connected by the first call that needs it, kept, opened anew where its supervisor went
 * away. Where everything was killed, whoever is left brings the supervisor back, and it the rest: no call has to come.
 */
export function superviseOrchestration({ server, client, logger, keys }: SupervisedParts): KeptOrchestration {
  const { home, temporal } = server.config.settings;
  const bySupervisor = ({ inUse }: Orchestration, need: Need): boolean =>
    inUse.mode === "local" || (need.worker && temporal.workers === "local");
  let watch: { close(): void } | undefined;
  const kept = keepOrchestration({
    async open(need) {
      const open = await openOrchestration(server, client, await keys(), need);
      logger.debug("temporal", { ...open.inUse, worker: need.worker });
      watch?.close();
      watch = bySupervisor(open, need) ? watchSupervisor(home, () => void bringBack(need)) : undefined;
      return open;
    },
    // One that does not answer is there; a call that needs it says so.
    isKept: async (open, need) => !bySupervisor(open, need) || (await touchSupervisor(home).catch(() => true)),
  });
  const bringBack = async (need: Need): Promise<void> => {
    await kept.get(need).catch((error: unknown) => logger.warn("The supervisor was killed and is not back.", { error }));
  };
  return {
    get: (need) => kept.get(need),
    close() {
      watch?.close();
      return kept.close();
    },
  };
}
