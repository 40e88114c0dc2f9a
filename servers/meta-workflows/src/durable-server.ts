import type { DurableServer } from "@platform-ops/orchestration";
import type { ServerConfig } from "./config.ts";
import { DURABLE } from "./identity.ts";

/** This server as the one whose runs are durable: its worker gets the variables that the operator's file names, and no others. */
export function durableServer(config: ServerConfig): DurableServer {
  const { variables, secrets, servers } = config.settings.meta_workflows;
  return {
    ...DURABLE,
    config,
    passed: [
      ...variables,
      ...Object.values(secrets).flatMap((from) => ("env" in from ? [from.env] : [])),
      ...Object.values(servers).flatMap(({ env }) => env),
    ],
  };
}
