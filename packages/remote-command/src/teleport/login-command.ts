import type { ClusterSettings } from "@platform-ops/ledger";

/**
 * The command with which a person logs in to a cluster, as the operator's file describes it:
 * `tsh login --proxy=… --auth=… CLUSTER`. Parts that the file does not name are left out.
 */
export function loginCommand(settings: ClusterSettings["teleport"], options: { requestId?: string } = {}): string {
  return [
    "tsh login",
    ...(settings.proxy === undefined ? [] : [`--proxy=${word(settings.proxy)}`]),
    ...(settings.auth === undefined ? [] : [`--auth=${word(settings.auth)}`]),
    ...(settings.insecure ? ["--insecure"] : []),
    ...(options.requestId === undefined ? [] : [`--request-id=${word(options.requestId)}`]),
    ...(settings.cluster === "" ? [] : [word(settings.cluster)]),
  ].join(" ");
}

/** A word as a person can paste it into a shell. */
function word(text: string): string {
  return /^[A-Za-z0-9_/:.,@%+-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}
