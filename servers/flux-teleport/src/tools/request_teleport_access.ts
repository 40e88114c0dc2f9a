import { OpsError } from "@platform-ops/errors";
import { quoteData } from "@platform-ops/mcp-kit";
import type { AccessRequest } from "@platform-ops/remote-command";
import { z } from "zod";
import { clusterOf } from "../target.ts";
import { cluster } from "./params.ts";
import { done, operationsTool } from "./result.ts";

/** Requests shown; older ones are counted. */
const SHOWN = 20;

export const request_teleport_access = operationsTool({
  name: "request_teleport_access",
  title: "Request Teleport access",
  description: "Asks people for Teleport roles, or shows requests. Never approves.",
  effect: "write",
  toolset: "teleport",
  empty: { requests: [] },
  input: z.strictObject({
    cluster,
    action: z.enum(["create", "list", "status"]).optional(),
    roles: z.array(z.string().max(100)).max(9).optional(),
    reason: z.string().max(500).optional(),
    id: z.string().max(64).optional(),
  }),
  async run({ cluster: given, action = "list", roles = [], reason, id }, deps, call, said) {
    const name = await clusterOf(deps, given, said);
    const tsh = await deps.tsh();
    if (action === "create") {
      if (reason === undefined)
        throw new OpsError("invalid_input", "create needs a reason.", { hint: "Say for whoever decides why it is needed." });
      if (roles.length === 0) throw new OpsError("invalid_input", "create needs roles.", { hint: "Name the roles to ask for." });
      const { id: made } = await tsh.createRequest(name, { roles, reason }, call.signal);
      const hint = `Once people approved it: ${tsh.loginCommand(name, { requestId: made })}`;
      return done(`Requested ${roles.join(", ")}: ${made}`, { requests: [], id: made, state: "pending", next: hint }, hint);
    }
    if (action === "status" && id === undefined)
      throw new OpsError("invalid_input", "status needs the id of a request.", { hint: "action list shows them." });
    const found = id === undefined ? await tsh.requests(name, call.signal) : [await tsh.showRequest(name, id, call.signal)];
    const requests = found.slice(0, SHOWN);
    const lines = requests.map(requestLine);
    if (found.length > SHOWN) lines.push(`and ${found.length - SHOWN} more`);
    const data = { requests, count: found.length, truncated: found.length > SHOWN };
    return done(
      `Found ${found.length} access request(s) in ${name}`,
      data,
      lines.length === 0 ? "" : quoteData("requests", lines.join("\n")),
    );
  },
});

function requestLine({ id, user, roles, resources, state, reason, expires }: AccessRequest): string {
  return [id, state, user, [...roles, ...resources].join(","), expires === undefined ? "" : `until ${expires}`, reason ?? ""]
    .filter((part) => part !== "")
    .join("  ");
}
