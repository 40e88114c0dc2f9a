import { OpsError } from "@platform-ops/errors";
import { z } from "zod";
import { lookAtProxy, proxyMessage } from "../teleport/compatibility.ts";
import { installedTsh } from "../teleport/tsh-facts.ts";
import { done, failed, operationsTool } from "./result.ts";

const EMPTY = { compatible: false, tsh_installed: false, client_version: null, clusters: {}, issues: [], recommendation: null };

export const verify_teleport_compatibility = operationsTool({
  name: "verify_teleport_compatibility",
  title: "Verify Teleport compatibility",
  description: "Checks tsh against all proxies.",
  effect: "read",
  toolset: "teleport",
  empty: EMPTY,
  input: z.strictObject({}),
  async run(_input, deps, call, said) {
    const tsh = await deps.tsh();
    const { version: client } = await installedTsh(tsh);
    const teleport = Object.entries(deps.config.settings.remote.clusters).filter(([, { transport }]) => transport === "teleport");
    const looked = await Promise.all(teleport.map(async ([name]) => [name, await lookAtProxy(tsh, name, client, call.signal)] as const));
    const clusters = Object.fromEntries(
      looked.map(([name, look]) => {
        const { failure, ...facts } = look;
        return [name, { ...facts, message: failure === undefined ? proxyMessage(name, client, look) : failure.message }];
      }),
    );
    const lines = Object.entries(clusters).map(([name, { message }]) => `- ${name}: ${message}`);
    const wrong = looked.filter(([, { compatible }]) => !compatible);
    const issues = wrong.map(([name]) => clusters[name]!.message);
    const data = { compatible: wrong.length === 0, tsh_installed: true, client_version: client, clusters, issues };
    if (looked.length === 0) return done("No cluster is reached by Teleport.", { ...data, recommendation: null }, "", "warn");
    if (wrong.length === 0) {
      const older = looked.find(([, { status }]) => status === "older")?.[1].proxy_version;
      const recommendation = older === undefined ? null : `Upgrade tsh to v${older} for full compatibility`;
      const message = `All ${looked.length} cluster(s) are compatible with tsh ${client}`;
      return done(
        recommendation === null ? message : `${message}. ${recommendation}`,
        { ...data, recommendation },
        lines.join("\n"),
        older === undefined ? "ok" : "warn",
      );
    }
    const [first] = wrong.map(([, look]) => look);
    const version = first?.proxy_version ?? undefined;
    const recommendation =
      wrong.length > 1 ? "Multiple issues: see each cluster" : version === undefined ? "Look at the proxy" : `Install tsh v${version}`;
    const unreachable = wrong.every(([, { failure }]) => failure !== undefined);
    const failure = unreachable
      ? first!.failure!
      : new OpsError("program_missing", `tsh ${client} does not go with every proxy. ${recommendation}.`, {
          hint: recommendation,
          details: version === undefined ? {} : { version },
        });
    return failed(deps, failure, said, { ...data, recommendation }, lines.join("\n"));
  },
});
