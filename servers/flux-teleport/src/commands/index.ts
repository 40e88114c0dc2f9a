import { approvalCommands, lazyPart, type Command } from "@platform-ops/ledger";
import { callCommand, configCommand, httpCommand, installCommands, tokenCommand } from "@platform-ops/mcp-kit";
import { lookAround } from "../config.ts";
import { createDeps, type FluxTeleportDeps } from "../deps.ts";
import { IDENTITY } from "../identity.ts";
import { fluxTeleportServer } from "../server.ts";
import { readConfig } from "../read-config.ts";
import { tools } from "../tools/index.ts";
import { doctor } from "./doctor-command.ts";

/** Every subcommand of the bin. Those of other rooms come as values; this is where they meet their dependencies. */
export async function commandsOf(deps: FluxTeleportDeps): Promise<readonly Command[]> {
  return [
    callCommand(
      async () => fluxTeleportServer(deps),
      ["call list_environments --text", `call diagnose_flux_issues '{"cluster":"staging"}'`],
    ),
    httpCommand<FluxTeleportDeps>({
      definition: fluxTeleportServer,
      renew: () => createDeps(readConfig(lookAround())),
      load: () => import("@platform-ops/mcp-kit/http"),
    }),
    tokenCommand<FluxTeleportDeps>(tools),
    ...approvalCommands({
      approvals: lazyPart(deps.ledger, "approvals"),
      artifacts: lazyPart(deps.ledger, "artifacts"),
      audit: lazyPart(deps.ledger, "audit"),
      user: deps.config.user,
      signingEnvironment: deps.config.signingEnvironment,
    }),
    doctor,
    ...installCommands<FluxTeleportDeps>(IDENTITY, () => import("@platform-ops/mcp-kit/install")),
    configCommand<FluxTeleportDeps>(),
  ];
}
