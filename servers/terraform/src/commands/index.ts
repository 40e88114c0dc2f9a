import { approvalCommands, type Command } from "@platform-ops/ledger";
import { callCommand } from "@platform-ops/mcp-kit";
import { runsCommand, supervisorCommand, uiCommand } from "@platform-ops/orchestration";
import type { TerraformDeps } from "../deps.ts";
import { SERVER } from "../identity.ts";
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
  const lazily = lazyLedger(deps);
  return [
    runCommand,
    initCommand,
    runsCommand({ orchestration: () => deps.orchestration({ worker: false }), server: SERVER }),
    ...approvalCommands({ ...lazily, user: deps.config.user, deliver: (record) => deliverDecision(deps, record) }),
    refreshCredentialsCommand,
    callCommand(async () => terraformServer(deps)),
    setupCommand,
    doctorCommand,
    configCommand,
    workerCommand,
    supervisorCommand({ home: deps.config.settings.home }),
    uiCommand({ home: deps.config.settings.home }),
  ];
}
