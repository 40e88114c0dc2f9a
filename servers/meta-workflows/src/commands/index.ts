import { approvalCommands, lazyPart, type Command } from "@platform-ops/ledger";
import { callCommand, configCommand, httpCommand, installCommands, tokenCommand } from "@platform-ops/mcp-kit";
import { runsCommand, supervisorCommand, uiCommand, workerCommand } from "@platform-ops/orchestration";
import { lookAround } from "../config.ts";
import { createDeps, type MetaWorkflowsDeps } from "../deps.ts";
import { DURABLE, IDENTITY } from "../identity.ts";
import { deliverDecision } from "../runs/deliver-decision.ts";
import { metaWorkflowsServer } from "../server.ts";
import { readConfig } from "../read-config.ts";
import { tools } from "../tools/index.ts";
import { answerCommand } from "./answer-command.ts";
import { authoringCommands } from "./authoring-commands.ts";
import { doctor, setup } from "./doctor-command.ts";
import { eventCommand } from "./event-command.ts";
import { importCommand } from "./import-command.ts";
import { watchableRuns } from "./watch/watch-runs.ts";

/** Every subcommand of the bin. Those of other rooms come as values; this is where they meet their dependencies. */
export async function commandsOf(deps: MetaWorkflowsDeps): Promise<readonly Command[]> {
  return [
    ...authoringCommands,
    watchableRuns(runsCommand({ open: () => deps.orchestration({ worker: false }) }), deps),
    ...approvalCommands({
      approvals: lazyPart(deps.ledger, "approvals"),
      artifacts: lazyPart(deps.ledger, "artifacts"),
      audit: lazyPart(deps.ledger, "audit"),
      user: deps.config.user,
      deliver: { server: DURABLE.name, send: (record) => deliverDecision(deps, record) },
      signingEnvironment: deps.config.signingEnvironment,
    }),
    answerCommand(deps),
    eventCommand(deps),
    callCommand(
      async () => metaWorkflowsServer(deps),
      ["call list_meta_workflows --text", `call match_meta_workflow '{"intent":"the disk is full"}'`],
    ),
    httpCommand<MetaWorkflowsDeps>({
      definition: metaWorkflowsServer,
      renew: () => createDeps(readConfig(lookAround())),
      load: () => import("@platform-ops/mcp-kit/http"),
    }),
    tokenCommand<MetaWorkflowsDeps>(tools),
    importCommand,
    setup,
    doctor,
    ...installCommands<MetaWorkflowsDeps>(IDENTITY, () => import("@platform-ops/mcp-kit/install")),
    configCommand<MetaWorkflowsDeps>(),
    workerCommand<MetaWorkflowsDeps>(({ durable }) => durable),
    supervisorCommand({ home: deps.config.settings.home }),
    uiCommand({ home: deps.config.settings.home, keys: async () => (await deps.ledger()).keys }),
  ];
}
