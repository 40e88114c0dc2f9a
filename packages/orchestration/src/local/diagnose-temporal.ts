import type { Check } from "@platform-ops/ledger";
import { createConnection } from "node:net";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { isOpsError } from "@platform-ops/errors";
import { locateTemporal } from "../setup/locate-temporal.ts";
import type { SupervisorStatus } from "../supervisor/protocol.ts";
import { DEFAULT_TEMPORAL_PORT } from "./port.ts";
import { PINNED_CLI, PINNED_SERVER, minorOf } from "./server-version.ts";
import { supervisorStatus } from "./supervisor-client.ts";

export interface DiagnoseOptions {
  readonly home: string;
  readonly cache: string;
  /** A search path as in PATH. */
  readonly path: string;
  readonly temporal: { readonly address?: string | undefined; readonly binary?: string | undefined };
}

/** What there is of Temporal: which one is in use, its binary, its database, who keeps it, and who else is there. */
export async function diagnoseTemporal(options: DiagnoseOptions): Promise<Check[]> {
  const other = otherTemporal();
  const { address } = options.temporal;
  if (address !== undefined)
    return [{ name: "Temporal in use", status: "ok", found: `the cluster at ${address}, by the settings` }, ...(await kept(options.home))];
  const local: Check = { name: "Temporal in use", status: "ok", found: `local, in ${join(options.home, "temporal")}` };
  const checks = [local, await binary(options), ...databases(options.home), ...(await kept(options.home))];
  return [...checks, ...(await other)];
}

async function binary({ home, cache, path, temporal }: DiagnoseOptions): Promise<Check> {
  const wanted = `server ${PINNED_SERVER} (CLI ${PINNED_CLI})`;
  try {
    const found = await locateTemporal({ home, cache, path, configured: temporal.binary });
    if (found === undefined) return { name: "Temporal binary", status: "missing", wanted, cure: "Run the `setup` command of this server." };
    const same = minorOf(found.serverVersion) === minorOf(PINNED_SERVER);
    return {
      name: "Temporal binary",
      status: same ? "ok" : "warn",
      found: `server ${found.serverVersion} at ${found.path} (${found.from})`,
      wanted,
      ...(same ? {} : { cure: "It works with a database of its own; leave temporal.binary out to use the pinned one." }),
    };
  } catch (error) {
    return { name: "Temporal binary", status: "broken", wanted, ...(isOpsError(error) ? { found: error.message, cure: error.hint } : {}) };
  }
}

function databases(home: string): Check[] {
  let names: string[];
  try {
    names = readdirSync(join(home, "temporal")).filter((name) => /^\d+\.\d+\.sqlite$/.test(name));
  } catch {
    return [];
  }
  const strangers = names.filter((name) => name !== `${minorOf(PINNED_SERVER)}.sqlite`);
  if (names.length === 0) return [];
  const found = names.join(", ");
  return [
    strangers.length === 0
      ? { name: "Temporal database", status: "ok", found }
      : {
          name: "Temporal database",
          status: "warn",
          found,
          wanted: `${minorOf(PINNED_SERVER)}.sqlite`,
          cure: `Runs in ${strangers.join(", ")} are seen only by a server of that version; move what you no longer need away.`,
        },
  ];
}

async function kept(home: string): Promise<Check[]> {
  let status: SupervisorStatus | undefined;
  try {
    status = await supervisorStatus(home, 2_000);
  } catch {
    return [
      {
        name: "supervisor",
        status: "broken",
        found: "it does not answer",
        cure: `End the process named in ${join(home, "supervisor", "lock")}; what it keeps goes on.`,
      },
    ];
  }
  if (status === undefined) return [{ name: "supervisor", status: "ok", found: "not running; the first call that needs it starts it" }];
  const { temporal } = status;
  const checks: Check[] = [{ name: "supervisor", status: "ok", found: `process ${status.pid}` }];
  if (temporal.failure !== undefined)
    checks.push({ name: "local Temporal", status: "broken", found: temporal.failure.message, cure: temporal.failure.hint });
  else if (temporal.state !== "off")
    checks.push({
      name: "local Temporal",
      status: "ok",
      found: `${temporal.state}${temporal.address === undefined ? "" : ` at ${temporal.address}`}`,
    });
  for (const worker of status.workers) {
    const found = `${worker.version}, ${worker.phase}`;
    checks.push(
      worker.failure === undefined
        ? { name: `${worker.server} worker`, status: "ok", found }
        : { name: `${worker.server} worker`, status: "broken", found: worker.failure.message, cure: worker.failure.hint },
    );
  }
  return checks;
}

/** Says so where another Temporal stands on the default port: it is not the one in use. */
async function otherTemporal(): Promise<Check[]> {
  if (!(await isOtherTemporalThere())) return [];
  return [
    {
      name: `port ${DEFAULT_TEMPORAL_PORT}`,
      status: "warn",
      found: "something listens on Temporal's default port",
      cure: `It is not used. If it should be: TEMPORAL_ADDRESS=127.0.0.1:${DEFAULT_TEMPORAL_PORT}.`,
    },
  ];
}

/** Whether something listens on Temporal's default port of this machine. */
export function isOtherTemporalThere(): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = createConnection({ host: "127.0.0.1", port: DEFAULT_TEMPORAL_PORT });
    const end = (there: boolean): void => {
      clearTimeout(timer);
      socket.destroy();
      resolve(there);
    };
    const timer = setTimeout(() => end(false), 500);
    socket.once("connect", () => end(true));
    socket.once("error", () => end(false));
  });
}
