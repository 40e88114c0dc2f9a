import { approvalCommands, type Command } from "@platform-ops/ledger";
import { callCommand } from "@platform-ops/mcp-kit";
import { runsCommand, supervisorCommand, uiCommand } from "@platform-ops/orchestration";
import type { Ledger, TerraformDeps } from "../deps.ts";
import { deliverDecision } from "../runs/deliver-decision.ts";
import { terraformServer } from "../server.ts";
import { configCommand } from "./config-command.ts";
import { doctorCommand } from "./doctor-command.ts";
import { initCommand } from "./init-command.ts";
import { refreshCredentialsCommand } from "./refresh-credentials-command.ts";
import { runCommand } from "./run-command.ts";
import { setupCommand } from "./setup-command.ts";
import { workerCommand } from "./worker-command.ts";

/** Every subcommand of the bin. Those of other rooms come as values; this is where they meet their dependencies. */
export async function commandsOf(deps: TerraformDeps): Promise<readonly Command[]> {
  return [
    runCommand,
    initCommand,
    runsCommand({ open: () => deps.orchestration({ worker: false }) }),
    ...approvalCommands({
      approvals: lazily(deps, "approvals"),
      artifacts: lazily(deps, "artifacts"),
      audit: lazily(deps, "audit"),
      user: deps.config.user,
      deliver: (record) => deliverDecision(deps, record),
      signingEnvironment: deps.config.signingEnvironment,
    }),
    refreshCredentialsCommand,
    callCommand(async () => terraformServer(deps)),
    setupCommand,
    doctorCommand,
    configCommand,
    workerCommand,
    supervisorCommand({ home: deps.config.settings.home }),
    uiCommand({ home: deps.config.settings.home, keys: async () => (await deps.ledger()).keys }),
  ];
}

/** A part of the ledger, opened with its first use: listing the subcommands touches no file. All its methods are asynchronous. */
function lazily<K extends "approvals" | "artifacts" | "audit">(deps: TerraformDeps, part: K): Ledger[K] {
  const call =
    (name: PropertyKey) =>
    async (...args: unknown[]) => {
      const opened = (await deps.ledger())[part] as unknown as Record<PropertyKey, (...args: unknown[]) => unknown>;
      return opened[name]?.(...args);
    };
  return new Proxy({} as Ledger[K], { get: (_target, name) => call(name) });
}
