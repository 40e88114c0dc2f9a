import { OpsError } from "@platform-ops/errors";
import type { RemoteSettings } from "@platform-ops/ledger";
import { openOpenSshTransport } from "../openssh/openssh-transport.ts";
import type { Surroundings } from "../surroundings.ts";
import type { Transport } from "../transport.ts";
import { openSsh2Transport } from "./ssh2-transport.ts";

/**
 * The way to the machines of one cluster by SSH: by connections of our own, or by the ssh program where the operator says so.
 * Loads, starts and connects nothing yet.
 * @throws OpsError not_allowed, for a cluster that is not there or not reached by SSH
 */
export function openSshTransport(cluster: string, settings: RemoteSettings, surroundings: Surroundings): Transport {
  const found = settings.clusters[cluster];
  if (found?.transport !== "ssh") throw new OpsError("not_allowed", `The cluster "${cluster}" is not one that is reached by SSH.`);
  const { env } = surroundings;
  // As OpenSSH: the name of the local account.
  const defaultUser = env["USER"] ?? env["LOGNAME"];
  const options = { cluster, settings: found, agent: settings.agent, defaultUser };
  return found.ssh.via === "openssh" ? openOpenSshTransport(options, surroundings) : openSsh2Transport(options);
}
