import { z } from "zod";
import { clusterOf } from "../target.ts";
import { lookAtProxy, proxyMessage } from "../teleport/compatibility.ts";
import { cluster } from "./params.ts";
import { done, operationsTool } from "./result.ts";

export const get_teleport_proxy_version = operationsTool({
  name: "get_teleport_proxy_version",
  title: "Get Teleport proxy version",
  description: "Also whether tsh goes with it.",
  effect: "read",
  toolset: "teleport",
  empty: { proxy_version: null, proxy_url: null, client_version: null, compatible: false },
  input: z.strictObject({ cluster }),
  async run({ cluster: given }, deps, call, said) {
    const name = await clusterOf(deps, given, said);
    const tsh = await deps.tsh();
    const client = await tsh.installed().then(
      ({ version }) => version,
      () => undefined,
    );
    const look = await lookAtProxy(tsh, name, client, call.signal);
    if (look.failure !== undefined) throw look.failure;
    const { proxy_version, proxy_url, compatible, status } = look;
    return done(
      proxyMessage(name, client, look),
      { proxy_version, proxy_url, client_version: client ?? null, compatible, status },
      "",
      compatible ? "ok" : "warn",
    );
  },
});
