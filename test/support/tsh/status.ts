import { fail, json, now, type Emulation } from "./emulation.ts";
import type { CommandLine } from "./command-line.ts";
import type { Session } from "./session.ts";

const NO_TRAITS = "aws_role_arns azure_identities db_names db_roles db_users gcp_service_accounts".split(" ");
const MORE_TRAITS = "kubernetes_groups kubernetes_users logins windows_logins".split(" ");
/** Go writes these with the indentation of another encoder. */
const EMPTY_ID = '<raw:[\n  ""\n]>';

/** `tsh status`, which reads the disk only; also printed behind a new access request. */
export function status(emulation: Emulation, session: Session | undefined, line: CommandLine): void {
  if (session === undefined) throw fail("Not logged in.");
  const extensions = [session.byIdentity ? "impersonator" : "login-ip", "permit-port-forwarding", "permit-pty", "private-key-policy"];
  if (line.flags["format"] === "json") {
    const nothing = (names: readonly string[]): Record<string, null> => Object.fromEntries(names.map((name) => [name, null]));
    const active = {
      profile_url: `https://${session.proxy}`,
      username: session.user,
      cluster: session.cluster,
      roles: session.account.roles,
      traits: { ...nothing(NO_TRAITS), host_user_gid: EMPTY_ID, host_user_uid: EMPTY_ID, ...nothing(MORE_TRAITS) },
      logins: session.account.logins,
      kubernetes_enabled: !session.byIdentity,
      valid_until: session.valid_until,
      extensions,
    };
    const proxy = emulation.env["TELEPORT_PROXY"];
    const environment = proxy === undefined ? {} : { environment: { TELEPORT_PROXY: proxy } };
    emulation.stdout(`${json({ active, profiles: [], ...environment })}\n`);
  } else {
    emulation.stdout(statusText(emulation, session, extensions));
  }
  if (session.expired) throw fail("Active profile expired.");
}

function statusText({ env, state }: Emulation, session: Session, extensions: readonly string[]): string {
  const left = Date.parse(session.valid_until) - now(state);
  const minutes = Math.floor(left / 60_000);
  const hours = Math.floor(minutes / 60);
  const span = minutes < 1 ? "<1m" : `${hours > 0 ? `${hours}h` : ""}${minutes % 60}m0s`;
  const until = session.valid_until.replace("T", " ").replace("Z", " +0000 UTC");
  return [
    `> Profile URL:        https://${session.proxy}${!session.byIdentity && env["TELEPORT_PROXY"] !== undefined ? " (TELEPORT_PROXY)" : ""}`,
    `  Logged in as:       ${session.user}`,
    `  Cluster:            ${session.cluster}`,
    `  Roles:              ${session.account.roles.join(", ")}`,
    `  Logins:             ${session.account.logins.join(", ")}`,
    `  Kubernetes:         ${session.byIdentity ? "disabled" : "enabled"}`,
    `  Valid until:        ${until} [${session.expired ? "EXPIRED" : `valid for ${span}`}]`,
    `  Extensions:         ${extensions.join(", ")}`,
    "\n",
  ].join("\n");
}
