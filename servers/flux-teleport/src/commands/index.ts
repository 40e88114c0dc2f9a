import { approvalCommands, type Command } from "@platform-ops/ledger";
import { callCommand } from "@platform-ops/mcp-kit";
import type { FluxTeleportDeps, Ledger } from "../deps.ts";
import { fluxTeleportServer } from "../server.ts";

/** Every subcommand of the bin. Those of other rooms come as values; this is where they meet their dependencies. */
export async function commandsOf(deps: FluxTeleportDeps): Promise<readonly Command[]> {
  return [
    callCommand(async () => fluxTeleportServer(deps)),
    ...approvalCommands({
      approvals: lazily(deps, "approvals"),
      artifacts: lazily(deps, "artifacts"),
      audit: lazily(deps, "audit"),
      user: deps.config.user,
      deliver: async () => "the agent's next equal call runs it",
      signingEnvironment: deps.config.signingEnvironment,
    }),
  ];
}

/** A part of the ledger, opened with its first use: listing the subcommands touches no file. All its methods are asynchronous. */
function lazily<K extends "approvals" | "artifacts" | "audit">(deps: FluxTeleportDeps, part: K): Ledger[K] {
  const call =
    (name: PropertyKey) =>
    async (...args: unknown[]) => {
      const opened = (await deps.ledger())[part] as unknown as Record<PropertyKey, (...args: unknown[]) => unknown>;
      return opened[name]?.(...args);
    };
  return new Proxy({} as Ledger[K], { get: (_target, name) => call(name) });
}
