import { createHash } from "node:crypto";
import { existsSync, lstatSync, mkdirSync, realpathSync } from "node:fs";
import { join } from "node:path";
import { OpsError, type PlainError } from "@platform-ops/errors";
import type { WorkerAlive } from "../contract/alive.ts";

/** Raised when a client can no longer talk to an older supervisor; it is then asked to hand over. */
export const PROTOCOL = 1;

/** One worker build that a client wants kept alive. */
export interface WorkerSpec {
  readonly server: string;
  /** Semantic version; with builtAt (ISO 8601) it tells which of two builds is newer. */
  readonly version: string;
  readonly builtAt: string;
  /** Where the client that wants it looks for the operator's file, by which the worker then decides. */
  readonly operatorsFile?: string;
  /** Directory of the installed build. */
  readonly build: string;
  /** File in `build` that node runs. */
  readonly entry: string;
  readonly args: readonly string[];
  /** The worker's whole environment. */
  readonly env: Readonly<Record<string, string>>;
}

/** POST /ensure: what must live. `temporal: null` is cluster mode, in which only workers are kept. */
export interface EnsureRequest {
  readonly protocol: number;
  readonly temporal: { readonly binary: string; readonly port?: number | undefined } | null;
  readonly workers: readonly WorkerSpec[];
  readonly idle_minutes: number;
  readonly timeout_ms: number;
}

export interface TemporalView {
  readonly state: "off" | "starting" | "ready" | "degraded";
  readonly address?: string;
  readonly pid?: number;
  readonly server_version?: string;
  readonly database?: string;
  readonly log: string;
  readonly failure?: PlainError;
}

/** An older build that lives on, for runs that only it can carry on. */
export interface KeptBuildView {
  readonly build: string;
  readonly pid?: number;
  readonly open_runs: number | null;
}

export interface WorkerView {
  readonly server: string;
  readonly version: string;
  readonly build: string;
  readonly operators_file?: string;
  readonly pid?: number;
  readonly phase: WorkerAlive["phase"] | "stopped";
  readonly open_runs: number | null;
  readonly draining: number;
  readonly kept: readonly KeptBuildView[];
  readonly log: string;
  readonly failure?: PlainError;
}

/** GET /status */
export interface SupervisorStatus {
  readonly protocol: number;
  readonly pid: number;
  readonly started_at: string;
  readonly idle_seconds: number;
  readonly temporal: TemporalView;
  readonly workers: readonly WorkerView[];
}

/** Lines of the answer to /ensure: progress for a person, then the end. */
export type EnsureLine = { progress: string } | { status: SupervisorStatus } | { error: PlainError };

/** What the supervisor adds to a worker's arguments. */
const ALIVE = "--alive-file=";
const LOCAL = "--local-temporal=";
const KEPT = "--kept-build";

/**
 * What Node is given before a worker's file: the space of young objects is 8 MB and stays that large. By itself it grows to 32 MB
 * over hours, with Node 24 to 128 MB, for every thread (docs/decisions/0032-heap.md).
 */
export const WORKER_HEAP: readonly string[] = ["--min-semi-space-size=4", "--max-semi-space-size=4"];

/**
 * Arguments that tell a worker where to show that it lives, where local Temporal listens, and whether it is kept for the
 * runs that it began (it then takes over no others).
 */
export function workerLaunchArguments(launch: { aliveFile: string; localTemporal?: string | undefined; kept?: boolean }): string[] {
  return [
    `${ALIVE}${launch.aliveFile}`,
    ...(launch.localTemporal === undefined ? [] : [`${LOCAL}${launch.localTemporal}`]),
    ...(launch.kept === true ? [KEPT] : []),
  ];
}

/** The inverse of `workerLaunchArguments`: takes its arguments out and leaves the others in `rest`. */
export function readWorkerLaunch(argv: readonly string[]): {
  aliveFile: string | undefined;
  localTemporal: string | undefined;
  kept: boolean;
  rest: string[];
} {
  const value = (prefix: string): string | undefined => argv.findLast((argument) => argument.startsWith(prefix))?.slice(prefix.length);
  return {
    aliveFile: value(ALIVE),
    localTemporal: value(LOCAL),
    kept: argv.includes(KEPT),
    rest: argv.filter((argument) => !argument.startsWith(ALIVE) && !argument.startsWith(LOCAL) && argument !== KEPT),
  };
}

/** sun_path holds 104 bytes on macOS and 108 on Linux. */
const SOCKET_PATH_BYTES = 100;

/** Where the supervisor of a data directory listens: in it, or under a name made from it where that is too long. */
export function socketPath(home: string): string {
  // the supervisor sees the real path of its working directory; clients may come by a link
  const real = existsSync(home) ? realpathSync(home) : home;
  const inside = join(real, "supervisor", "socket");
  if (Buffer.byteLength(inside) <= SOCKET_PATH_BYTES) return inside;
  return join(sharedSocketDirectory(), createHash("sha256").update(real).digest("hex").slice(0, 24));
}

function sharedSocketDirectory(): string {
  return `/tmp/platform-ops-${process.getuid?.() ?? 0}`;
}

/**
 * Makes the socket's directory, for this user alone.
 * @throws OpsError not_allowed, where another user made it first
 */
export function prepareSocketDirectory(home: string): void {
  const shared = sharedSocketDirectory();
  if (!socketPath(home).startsWith(`${shared}/`)) return;
  mkdirSync(shared, { recursive: true, mode: 0o700 });
  const stat = lstatSync(shared);
  if (!stat.isDirectory() || stat.uid !== process.getuid?.() || (stat.mode & 0o077) !== 0) {
    throw new OpsError("not_allowed", `${shared} belongs to another user or is open to others.`, {
      hint: "Use a data directory with a shorter path, or let the owner remove that directory.",
    });
  }
}
