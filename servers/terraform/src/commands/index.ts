import { approvalCommands, lazyPart, type Command } from "@platform-ops/ledger";
import { callCommand, configCommand, httpCommand, installCommands, tokenCommand } from "@platform-ops/mcp-kit";
import { runsCommand, supervisorCommand, uiCommand, workerCommand } from "@platform-ops/orchestration";
import { lookAround } from "../config.ts";
import { createDeps, type TerraformDeps } from "../deps.ts";
import { IDENTITY, SERVER } from "../identity.ts";
import { deliverDecision } from "../runs/deliver-decision.ts";
import { terraformServer } from "../server.ts";
import { readConfig } from "../read-config.ts";
import { tools } from "../tools/index.ts";
import { doctor, setup } from "./doctor-command.ts";
import { initCommand } from "./init-command.ts";
import { refreshCredentialsCommand } from "./refresh-credentials-command.ts";
import { runCommand } from "./run-command.ts";

/** Every subcommand of the bin. Those of other rooms come as values; this is where they meet their dependencies. */
export async function commandsOf(deps: TerraformDeps): Promise<readonly Command[]> {
  return [
    runCommand,
    initCommand,
    runsCommand({ open: () => deps.orchestration({ worker: false }) }),
    ...approvalCommands({
      approvals: lazyPart(deps.ledger, "approvals"),
      artifacts: lazyPart(deps.ledger, "artifacts"),
      audit: lazyPart(deps.ledger, "audit"),
      user: deps.config.user,
      deliver: { server: SERVER, send: (record) => deliverDecision(deps, record) },
      signingEnvironment: deps.config.signingEnvironment,
    }),
    refreshCredentialsCommand,
    callCommand(async () => terraformServer(deps), [`call list_workflows '{"config_path":"infra.yaml"}'`, "call list_runs --text"]),
    httpCommand<TerraformDeps>({
      definition: terraformServer,
      renew: () => createDeps(readConfig(lookAround())),
      load: () => import("@platform-ops/mcp-kit/http"),
    }),
    tokenCommand<TerraformDeps>(tools),
    setup,
    doctor,
    ...installCommands<TerraformDeps>(IDENTITY, () => import("@platform-ops/mcp-kit/install")),
    configCommand<TerraformDeps>(({ roots }) => ({ roots })),
    workerCommand<TerraformDeps>(({ durable }) => durable),
    supervisorCommand({ home: deps.config.settings.home }),
    uiCommand({ home: deps.config.settings.home, keys: async () => (await deps.ledger()).keys }),
  ];
}
