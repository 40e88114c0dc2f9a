import { OpsError } from "@platform-ops/errors";
import { z } from "zod";
import { clusterOf } from "../target.ts";
import { cluster } from "./params.ts";
import { done, operationsTool } from "./result.ts";

export const get_teleport_status = operationsTool({
  name: "get_teleport_status",
  title: "Get Teleport status",
  description: "Who is logged in, until when.",
  effect: "read",
  toolset: "teleport",
  empty: { state: null, username: null, roles: [], logins: [], valid_until: null },
  input: z.strictObject({ cluster }),
  async run({ cluster: given }, deps, call, said) {
    const name = await clusterOf(deps, given, said);
    const tsh = await deps.tsh();
    const { state, username, roles, logins, valid_until, proxy, active_requests } = await tsh.status(name, call.signal);
    if (state !== "valid") {
      throw new OpsError(
        state === "expired" ? "certificate_expired" : "not_logged_in",
        state === "expired" ? `The Teleport login has expired (${valid_until}).` : "Nobody is logged in to Teleport.",
        {
          hint: `A person runs: ${tsh.loginCommand(name)}`,
        },
      );
    }
    const lines = [
      `logins: ${logins.join(", ")}`,
      `roles: ${roles.join(", ")}`,
      ...(active_requests.length === 0 ? [] : [`access requests in use: ${active_requests.join(", ")}`]),
    ];
    return done(
      `Logged in as ${username} until ${valid_until}`,
      { state, username, roles, logins, valid_until, proxy: proxy ?? null, active_requests },
      lines.join("\n"),
    );
  },
});
