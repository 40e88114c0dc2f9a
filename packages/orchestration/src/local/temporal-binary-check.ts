import { isOpsError } from "@platform-ops/errors";
import { programCheck, type Check, type Mend } from "@platform-ops/ledger";
import { cachedTemporal, locateTemporal } from "../setup/locate-temporal.ts";
import { PINNED_CLI, PINNED_SERVER, minorOf } from "./server-version.ts";

/** Where the binary may be, and what brings it. */
export interface BinaryCheckOptions {
  readonly home: string;
  readonly cache: string;
  /** A search path as in PATH. */
  readonly path: string;
  readonly temporal: { readonly binary?: string | undefined };
  /** Brings the binary. */
  readonly mend?: Mend;
}

/** The ladder by which the binary is found: configured, our cache, PATH; and by which `setup` brings it: download, Go. */
export async function temporalBinary({ home, cache, path, temporal, mend }: BinaryCheckOptions): Promise<Check> {
  const about = { id: "temporal_binary", name: "Temporal binary", wanted: `server ${PINNED_SERVER} (CLI ${PINNED_CLI})` } as const;
  try {
    const found = await locateTemporal({ home, cache, path, configured: temporal.binary });
    if (found === undefined) return { ...about, status: "missing", ...(await missing(cache, path)), ...(mend && { mend }) };
    const same = minorOf(found.serverVersion) === minorOf(PINNED_SERVER);
    return {
      ...about,
      status: same ? "ok" : "warn",
      found: `server ${found.serverVersion} (${found.from})`,
      version: found.serverVersion,
      path: found.path,
      ...(same ? {} : { cure: "It works with a database of its own; leave temporal.binary out to use the pinned one." }),
    };
  } catch (error) {
    if (!isOpsError(error)) throw error;
    return { ...about, status: "broken", found: error.message, cure: error.hint };
  }
}

/** Each rung, and why it does not bear. */
async function missing(cache: string, path: string): Promise<{ found: string; cure: string }> {
  const around = { searchPath: path, env: {} };
  const [onPath, go] = await Promise.all([
    programCheck({ id: "", program: "temporal", versionArgs: ["--version"], version: /Server (\d+\.\d+\.\d+)/i, cure: "" }, around),
    programCheck({ id: "", program: "go", cure: "" }, around),
  ]);
  const there =
    onPath.path === undefined
      ? "none on PATH"
      : `the one at ${onPath.path} is ${onPath.version === undefined ? "no Temporal CLI" : `server ${onPath.version}`}`;
  return {
    found: `none configured, none at ${cachedTemporal(cache)}, ${there}`,
    cure: `Run the \`setup\` command of this server: it downloads the pinned one${go.path === undefined ? "; there is no Go here to build it with where that fails." : `, or builds it with ${go.path}.`}`,
  };
}
