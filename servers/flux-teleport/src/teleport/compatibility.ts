import { isOpsError, OpsError } from "@platform-ops/errors";
import type { Tsh } from "@platform-ops/remote-command";

/** A proxy beside this tsh. older: tsh is one major version behind, which works. */
export interface ProxyLook {
  readonly proxy_version: string | null;
  readonly proxy_url: string | null;
  readonly compatible: boolean;
  readonly status: "compatible" | "older" | "too_old" | "newer" | "unknown";
  readonly failure?: OpsError;
}

/** Asks a cluster's proxy for its version and compares; a proxy that does not answer is a look with a failure. */
export async function lookAtProxy(tsh: Tsh, cluster: string, client: string | undefined, signal: AbortSignal): Promise<ProxyLook> {
  try {
    const { proxy: proxy_url, version: proxy_version } = await tsh.proxyVersion(cluster, signal);
    const { versionVerdict } = await import("@platform-ops/remote-command");
    const { verdict, compatible } = versionVerdict(client, proxy_version);
    const isBehind = compatible && majorOf(client) !== majorOf(proxy_version);
    const status = verdict === "client_too_new" ? "newer" : verdict === "client_too_old" ? "too_old" : isBehind ? "older" : verdict;
    return { proxy_version, proxy_url, compatible, status };
  } catch (error) {
    if (!isOpsError(error)) throw error;
    return { proxy_version: null, proxy_url: null, compatible: false, status: "unknown", failure: inWords(cluster, error) };
  }
}

/** A proxy that tells no version, in the source's words. */
function inWords(cluster: string, failure: OpsError): OpsError {
  if (failure.code !== "proxy_unreachable") return failure;
  const { hint, details, message } = failure;
  const late = typeof details["late"] === "string" ? details["late"] : undefined;
  const said =
    late === undefined
      ? `Could not determine proxy version for ${cluster}: ${message}`
      : `Timeout connecting to ${cluster} proxy at ${late}`;
  return new OpsError(failure.code, said, { hint, details, cause: failure });
}

const majorOf = (version: string | undefined): string | undefined => /^v?(\d+)/.exec(version ?? "")?.[1];

/** One line about a cluster. */
export function proxyMessage(cluster: string, client: string | undefined, { proxy_version, status }: ProxyLook): string {
  const pair = `tsh ${client ?? "(not installed)"}, proxy of ${cluster} ${proxy_version ?? "unknown"}`;
  switch (status) {
    case "compatible":
      return `Compatible: ${pair}`;
    case "older":
      return `tsh is older (works, consider upgrade to v${proxy_version}): ${pair}`;
    case "too_old":
      return `tsh is too old (upgrade to v${proxy_version}): ${pair}`;
    case "newer":
      return `tsh is NEWER (may break; install v${proxy_version}): ${pair}`;
    default:
      return `Could not determine proxy version for ${cluster}`;
  }
}
