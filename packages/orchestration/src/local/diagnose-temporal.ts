import type { Check } from "@platform-ops/ledger";
import { createConnection } from "node:net";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import type { SupervisorStatus } from "../supervisor/protocol.ts";
import { DEFAULT_TEMPORAL_PORT, isPortFree } from "./port.ts";
import { PINNED_SERVER, minorOf } from "./server-version.ts";
import { supervisorStatus } from "./supervisor-client.ts";
import { temporalBinary, type BinaryCheckOptions } from "./temporal-binary-check.ts";

export interface DiagnoseOptions extends BinaryCheckOptions {
  readonly temporal: BinaryCheckOptions["temporal"] & { readonly port?: number | undefined };
}

/** What there is of a local Temporal: its binary, its database, who keeps it, and who else is there. */
export async function diagnoseTemporal(options: DiagnoseOptions): Promise<Check[]> {
  const other = otherTemporal();
  const local: Check = { id: "temporal", name: "Temporal in use", status: "ok", found: "local", path: join(options.home, "temporal") };
  const keepers = await supervisorChecks(options.home);
  const checks = [local, await temporalBinary(options), ...databases(options.home), ...keepers, ...(await ownPort(options, keepers))];
  return [...checks, ...(await other)];
}

/** A port of its own that was configured must be free until local Temporal takes it. */
async function ownPort({ temporal: { port } }: DiagnoseOptions, keepers: readonly Check[]): Promise<Check[]> {
  if (port === undefined || keepers.some(({ id }) => id === "local_temporal")) return [];
  const about = { id: "temporal_port", name: "Temporal's port" } as const;
  if (await isPortFree(port)) return [{ ...about, status: "ok", found: `${port} is free` }];
  return [{ ...about, status: "broken", found: `${port} is taken`, cure: "Free it, or leave temporal.port out: a free one is chosen." }];
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
      ? { id: "temporal_database", name: "Temporal database", status: "ok", found }
      : {
          id: "temporal_database",
          name: "Temporal database",
          status: "warn",
          found,
          wanted: `${minorOf(PINNED_SERVER)}.sqlite`,
          cure: `Runs in ${strangers.join(", ")} are seen only by a server of that version; move what you no longer need away.`,
        },
  ];
}

/** The supervisor, where one runs, and what it keeps. */
export async function supervisorChecks(home: string): Promise<Check[]> {
  let status: SupervisorStatus | undefined;
  try {
    status = await supervisorStatus(home, 2_000);
  } catch {
    return [
      {
        id: "supervisor",
        name: "supervisor",
        status: "broken",
        found: "it does not answer",
        cure: `End the process named in ${join(home, "supervisor", "lock")}; what it keeps goes on.`,
      },
    ];
  }
  if (status === undefined)
    return [{ id: "supervisor", name: "supervisor", status: "ok", found: "not running; the first call that needs it starts it" }];
  const { temporal } = status;
  const checks: Check[] = [{ id: "supervisor", name: "supervisor", status: "ok", found: `process ${status.pid}` }];
  if (temporal.failure !== undefined)
    checks.push({
      id: "local_temporal",
      name: "local Temporal",
      status: "broken",
      found: temporal.failure.message,
      cure: temporal.failure.hint,
    });
  else if (temporal.state !== "off")
    checks.push({
      id: "local_temporal",
      name: "local Temporal",
      status: "ok",
      found: `${temporal.state}${temporal.address === undefined ? "" : ` at ${temporal.address}`}`,
    });
  for (const worker of status.workers) {
    const found = `${worker.version}, ${worker.phase}`;
    checks.push(
      worker.failure === undefined
        ? { id: `worker_${worker.server}`, name: `${worker.server} worker`, status: "ok", found }
        : {
            id: `worker_${worker.server}`,
            name: `${worker.server} worker`,
            status: "broken",
            found: worker.failure.message,
            cure: worker.failure.hint,
          },
    );
  }
  return checks;
}

/** Says so where another Temporal stands on the default port: it is not the one in use. */
async function otherTemporal(): Promise<Check[]> {
  if (!(await isOtherTemporalThere())) return [];
  return [
    {
      id: "other_temporal",
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
