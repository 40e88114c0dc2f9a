// Who calls: an identity file or a profile, which proxy, and what it lets this account see.
import { existsSync } from "node:fs";
import { fail, now, type Emulation } from "./emulation.ts";
import type { CommandLine } from "./command-line.ts";
import type { EmulatedNode, EmulatedProfile, EmulatedUser } from "./state.ts";

export interface Session {
  readonly user: string;
  readonly account: EmulatedUser;
  readonly proxy: string;
  readonly cluster: string;
  readonly valid_until: string;
  readonly expired: boolean;
  readonly byIdentity: boolean;
}

const UNTRUSTED = `WARNING:

  The proxy you are connecting to has presented a certificate signed by a
  unknown authority. This is most likely due to either being presented
  with a self-signed certificate or the certificate was truly signed by an
  authority not known to the client.

  If you know the certificate is self-signed and would like to ignore this
  error use the --insecure flag.

  If you have your own certificate authority that you would like to use to
  validate the certificate chain presented by the proxy, set the
  SSL_CERT_FILE and SSL_CERT_DIR environment variables respectively and try
  again.

  If you think something malicious may be occurring, contact your Teleport
  system administrator to resolve this issue.
`;

/** The profile of TELEPORT_HOME. */
export function profileOf({ env, state }: Emulation): EmulatedProfile | undefined {
  return state.profiles[homeOf(env)];
}

export function homeOf(env: Emulation["env"]): string {
  const home = env["TELEPORT_HOME"] ?? "";
  return home === "" ? `${env["HOME"] ?? ""}/.tsh` : home;
}

/** From the disk alone, as `tsh status` looks; undefined where nobody is logged in. */
export function sessionOnDisk(emulation: Emulation, { flags }: CommandLine): Session | undefined {
  const { env, state } = emulation;
  const identity = flags["identity"] ?? env["TELEPORT_IDENTITY_FILE"];
  const profile = profileOf(emulation);
  const proxy = flags["proxy"] ?? env["TELEPORT_PROXY"] ?? (identity === undefined ? profile?.proxy : undefined);
  if (identity !== undefined) {
    if (proxy === undefined) throw fail("tsh --identity also requires --proxy");
    const known = state.identities[identity];
    if (known !== undefined) return session(emulation, known.user, proxy, known.valid_until, true);
    throw existsSync(identity)
      ? fail(
          `could not find SSH cert in the identity file or ${identity}-cert.pub\nfailed to parse identity file\nopen ${identity}-cert.pub: no such file or directory`,
        )
      : fail(`failed to parse identity file\nopen ${identity}: no such file or directory`);
  }
  if (profile === undefined || proxy === undefined) return undefined;
  const user = flags["user"] ?? env["TELEPORT_USER"] ?? profile.user;
  const login = profile.logins[user];
  return login === undefined ? undefined : session(emulation, user, proxy, login.valid_until, false);
}

/** With the proxy's answer: what every command but `status` needs. */
export async function sessionAtProxy(emulation: Emulation, line: CommandLine): Promise<Session> {
  const { env, state } = emulation;
  const found = sessionOnDisk(emulation, line);
  const proxy = found?.proxy ?? line.flags["proxy"] ?? env["TELEPORT_PROXY"] ?? profileOf(emulation)?.proxy;
  if (proxy === undefined) throw fail("No proxy address specified, missed --proxy flag?");
  if (!state.proxies.includes(proxy)) throw fail(`Get "http://${proxy}/webapi/ping": dial tcp ${proxy}: connect: connection refused`);
  const trusted = line.flags["insecure"] === "yes" || found?.byIdentity !== true || (env["SSL_CERT_FILE"] ?? "") !== "";
  if (!trusted) throw fail(UNTRUSTED);
  if (found === undefined) throw fail("no SSH auth methods loaded, are you logged in?");
  if (found.expired) {
    if (state.sso === true && !found.byIdentity && line.flags["relogin"] !== "") await waitForBrowser(emulation);
    throw fail("ssh: cert has expired");
  }
  if (found.cluster !== state.cluster && line.command !== "ssh") {
    throw fail('connection error: desc = "transport: authentication handshake failed: EOF"');
  }
  return found;
}

/** What an account sees, in the order of `tsh ls`. */
export function nodesFor({ state }: Emulation, account: EmulatedUser): EmulatedNode[] {
  return state.nodes.filter((node) => Object.entries(account.sees ?? {}).every(([key, value]) => node.labels[key] === value));
}

function session(emulation: Emulation, user: string, proxy: string, valid_until: string, byIdentity: boolean): Session {
  const { env, state } = emulation;
  return {
    user,
    account: state.users[user] ?? { roles: [], logins: [] },
    proxy,
    cluster: env["TELEPORT_CLUSTER"] ?? env["TELEPORT_SITE"] ?? state.cluster,
    valid_until,
    expired: Date.parse(valid_until) <= now(state),
    byIdentity,
  };
}

/** A proxy with single sign-on waits three minutes for a browser, terminal or not. */
async function waitForBrowser(emulation: Emulation): Promise<void> {
  emulation.stderr("If browser window does not open automatically, open it by clicking on the link:\n http://127.0.0.1:1/login\n");
  await new Promise((resolve) => setTimeout(resolve, 180_000));
  throw fail("timed out waiting for callback");
}
