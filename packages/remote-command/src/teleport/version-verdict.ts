// Which tsh goes with which proxy: a server supports clients of its own major version and of the one before.
// Source: Teleport's documentation on version compatibility, and what tsh warns of (lib/client, `checkClientVersion`).

export interface VersionVerdict {
  readonly verdict: "compatible" | "client_too_new" | "client_too_old" | "unknown";
  readonly compatible: boolean;
  /** Major versions of tsh that this proxy supports, the newest first. */
  readonly supported_majors: readonly number[];
  /** The version to install where the verdict is not compatible. */
  readonly install?: string;
  readonly message: string;
}

/** Compares by majors. Versions are `13.3.8`, also with a leading `v` or a suffix such as `-dev`. */
export function versionVerdict(client: string | undefined, proxy: string | undefined): VersionVerdict {
  const [mine, theirs] = [majorOf(client), majorOf(proxy)];
  if (theirs === undefined) {
    return { verdict: "unknown", compatible: false, supported_majors: [], message: "The proxy's version is not known." };
  }
  const supported = theirs > 1 ? [theirs, theirs - 1] : [theirs];
  const install = (proxy ?? "").replace(/^v/, "");
  const about = { supported_majors: supported, install };
  if (mine === undefined) {
    return { ...about, verdict: "unknown", compatible: false, message: "The version of tsh is not known." };
  }
  const pair = `tsh ${client} with a proxy of ${proxy}`;
  if (mine > theirs) {
    return { ...about, verdict: "client_too_new", compatible: false, message: `${pair}: a client newer than the server is not supported.` };
  }
  if (mine < theirs - 1) {
    return {
      ...about,
      verdict: "client_too_old",
      compatible: false,
      message: `${pair}: the server supports clients of its own major version and of the one before.`,
    };
  }
  return { verdict: "compatible", compatible: true, supported_majors: supported, message: `${pair}: compatible.` };
}

function majorOf(version: string | undefined): number | undefined {
  const digits = /^v?(\d{1,4})\.\d+(?:\.\d+)?/.exec(version ?? "")?.[1];
  return digits === undefined ? undefined : Number(digits);
}
