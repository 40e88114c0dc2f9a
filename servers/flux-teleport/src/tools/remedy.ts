import type { OpsError } from "@platform-ops/errors";
import type { RemoteSettings } from "@platform-ops/ledger";

/** What is known of the target of a failed call. */
export type Facts = Readonly<Record<string, unknown>>;

const word = (value: unknown, other: string): string => (typeof value === "string" && value !== "" ? value : other);

/** The words of the source for a failure; ours where it has none. */
export function failureMessage(failure: OpsError, facts: Facts): string {
  const cluster = word(facts["cluster"], "the");
  const node = word(facts["node"], "the machine");
  const account = typeof facts["user"] === "string" ? `${facts["user"]}@${node}` : node;
  switch (failure.code) {
    case "not_logged_in":
    case "certificate_expired":
      return `Not logged into ${cluster} cluster`;
    case "node_unknown":
    case "node_ambiguous":
    case "node_unreachable":
    case "access_denied":
    case "user_unknown":
    case "proxy_unreachable":
    case "host_key_unknown":
    case "host_key_changed":
    case "authentication_failed":
      return typeof facts["node"] === "string" ? `Cannot connect to ${account}: ${failure.message}` : failure.message;
    case "connect_timeout":
      return `SSH connection timed out: ${failure.message}`;
    default:
      return failure.message;
  }
}

/** What a person may do about it: the operator's words for this code, else what the failure itself names. */
export function remedyFor(
  settings: Pick<RemoteSettings, "remedies" | "clusters">,
  failure: OpsError,
  facts: Facts,
): { command: string | null; steps: string[] } {
  const configured = settings.remedies[failure.code] ?? settings.remedies["default"];
  const fill = filler(settings, failure, facts);
  return {
    command: configured?.command === undefined ? null : fill(configured.command),
    steps: configured?.steps === undefined ? ownSteps(failure) : configured.steps.map(fill),
  };
}

/** Without words of the operator: the failure's own cure. */
function ownSteps(failure: OpsError): string[] {
  return failure.hint === "" ? [] : [failure.hint];
}

/** Fills {cluster}, {node}, {user}, {proxy} and {version}. One pass: what is filled in is not looked at again. */
function filler(settings: Pick<RemoteSettings, "clusters">, failure: OpsError, facts: Facts): (text: string) => string {
  const cluster = word(facts["cluster"], "");
  const values: Record<string, string> = {
    cluster,
    node: word(facts["node"], ""),
    user: word(facts["user"], ""),
    proxy: settings.clusters[cluster]?.teleport.proxy ?? "",
    version: word(failure.details["version"] ?? facts["proxy_version"], ""),
  };
  return (text) =>
    text.replaceAll(/\{(cluster|node|user|proxy|version)\}/g, (_, key: string) => (values[key] ? asWord(values[key]) : `{${key}}`));
}

/** One word of a command that a person may paste, whatever an agent gave as a name. */
function asWord(value: string): string {
  if (/^[A-Za-z0-9_@%+:,./][A-Za-z0-9_@%+=:,./-]*$/.test(value)) return value;
  const printable = value.replaceAll(/[\u0000-\u001f\u007f-\u009f\u200b-\u200f\u2028-\u202e\u2066-\u2069\ufeff]/g, "?").slice(0, 100);
  return `'${printable.replaceAll("'", `'\\''`)}'`;
}
