import { spawn } from "node:child_process";
import { closeSync, existsSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { OpsError, isOpsError, toPlain, type PlainError } from "@platform-ops/errors";
import { isServing } from "../local/grpc-health.ts";
import { DEFAULT_TEMPORAL_PORT, choosePort, isPortFree } from "../local/port.ts";
import { minorOf, serverVersionOf } from "../local/server-version.ts";
import { identify, isSameProcess, type ProcessIdentity } from "../process/process-table.ts";
import { databaseReady, prepareDatabase } from "./database.ts";
import { findTemporalOf } from "./find-temporal.ts";
import { openLog, rotateLog, tailOf } from "./log-file.ts";
import type { TemporalView } from "./protocol.ts";
import { Restarts } from "./restarts.ts";
import type { SupervisorState } from "./state.ts";
import { startDevArguments, temporalEnvironment, type TemporalUi } from "./start-dev.ts";
import { endProcess } from "./end-process.ts";

const START_MS = 30_000;
const LOOK_MS = 250;
const HEALTH_EVERY_MS = 5_000;
const UNHEALTHY_MS = 10_000;
/** Between two looks; more means that this machine slept, and what was measured before says nothing. */
const GAP_MS = 5_000;

/** What is wanted of local Temporal. */
export interface TemporalWanted {
  readonly binary: string;
  readonly port?: number | undefined;
}

type Log = (message: string, fields?: Record<string, unknown>) => void;

/** Keeps one Temporal development server alive, on one port and one database. */
export class TemporalKeeper {
  private readonly home: string;
  private readonly state: SupervisorState;
  private readonly save: () => void;
  private readonly log: Log;
  private readonly restarts = new Restarts();
  private wanted: TemporalWanted | undefined;
  private ready = false;
  private failure: PlainError | undefined;
  /** Counts announced failures, so that a new request can tell its own from an old one. */
  failures = 0;
  private stopping = false;
  private wake = new AbortController();
  private loop: Promise<void> | undefined;
  private ui: (TemporalUi & { until: number }) | undefined;
  /** With the page or without, as the running server was started. */
  private shows: TemporalUi | undefined;

  constructor(home: string, state: SupervisorState, save: () => void, log: Log) {
    this.home = home;
    this.state = state;
    this.save = save;
    this.log = log;
  }

  get logFile(): string {
    return join(this.home, "logs", "temporal.log");
  }

  get address(): string | undefined {
    return this.ready && this.state.temporal !== undefined ? `127.0.0.1:${this.state.temporal.port}` : undefined;
  }

  /** Adopts what a dead predecessor left running, before anyone asks. */
  adopt(): void {
    const left = this.state.temporal;
    if (left !== undefined && isSameProcess(left)) this.want({ binary: left.binary });
  }

  /** Says what is wanted, and tries at once where it waits for another try. */
  want(wanted: TemporalWanted): void {
    this.wanted = wanted;
    this.loop ??= this.keep();
    if (!this.ready) this.wake.abort();
  }

  view(): TemporalView {
    const { temporal } = this.state;
    const log = this.logFile;
    if (this.wanted === undefined) return { state: "off", log };
    const state = this.ready ? "ready" : this.failure === undefined ? "starting" : "degraded";
    return {
      state,
      log,
      ...(temporal === undefined
        ? {}
        : {
            address: `127.0.0.1:${temporal.port}`,
            pid: temporal.pid,
            server_version: temporal.server_version,
            database: temporal.database,
          }),
      ...(this.failure === undefined ? {} : { failure: this.failure }),
    };
  }

  /** Wants Temporal's own page for that long; it is asked for again while somebody looks. Undefined: no longer. */
  showUi(ui: TemporalUi | undefined, leaseMs: number): void {
    this.ui = ui === undefined ? undefined : { ...ui, until: Date.now() + leaseMs };
    this.wake.abort();
  }

  /** The page's address, once it is there. */
  get uiAddress(): string | undefined {
    return this.ready && this.shows !== undefined && this.uiAsWanted() ? `http://127.0.0.1:${this.shows.port}` : undefined;
  }

  /** SIGTERM, 15 s, SIGKILL. */
  async stop(): Promise<void> {
    this.stopping = true;
    this.wake.abort();
    await this.loop;
    const { temporal } = this.state;
    if (temporal !== undefined) await endProcess(temporal, 15_000);
    delete this.state.temporal;
    this.save();
  }

  /** Leaves it running for the next supervisor. */
  async leave(): Promise<void> {
    this.stopping = true;
    this.wake.abort();
    await this.loop;
  }

  private async keep(): Promise<void> {
    while (!this.stopping) {
      const begun = Date.now();
      try {
        const running = await this.startOrAdopt();
        if (running === undefined) continue;
        this.ready = true;
        this.failure = undefined;
        this.log("temporal is ready", { address: this.address, pid: running.pid });
        await this.watch(running);
        if (this.stopping) return;
        this.ready = false;
        this.log("temporal is gone", { pid: running.pid });
        if (this.uiAsWanted()) this.restarts.died(Date.now() - begun);
      } catch (error) {
        if (isOpsError(error) && error.code !== "temporal_unavailable") this.fail(error);
        else this.restarts.died(0);
        this.log("temporal did not start", { error: String(error) });
      }
      if (this.restarts.degraded && !this.ready) this.fail(this.degraded());
      await this.pause(this.failure === undefined ? this.restarts.delayMs : Math.max(1_000, this.restarts.delayMs));
    }
  }

  private fail(error: OpsError): void {
    this.failure = toPlain(error);
    this.failures++;
  }

  private degraded(): OpsError {
    return new OpsError("temporal_unavailable", `Local Temporal died ${this.restarts.quick} times in a row right after its start.`, {
      hint: `Its own words are in ${this.logFile}. The database is kept as it is.`,
      details: { log: this.logFile },
    });
  }

  private async startOrAdopt(): Promise<ProcessIdentity | undefined> {
    const left = this.state.temporal;
    if (left !== undefined && isSameProcess(left)) {
      if (await this.untilServing(left, left.port, UNHEALTHY_MS)) {
        databaseReady(left.database);
        return left;
      }
      if (this.stopping) return undefined;
      if (isSameProcess(left)) await endProcess(left, 10_000);
    }
    return await this.start(this.wanted as TemporalWanted);
  }

  private async start({ binary, port: configured }: TemporalWanted): Promise<ProcessIdentity | undefined> {
    const version = existsSync(binary) ? await serverVersionOf(binary) : undefined;
    if (version === undefined) throw new OpsError("setup_needed", `There is no Temporal server program at ${binary}.`);
    const database = prepareDatabase(join(this.home, "temporal"), minorOf(version));
    const port = await this.port(configured, database);
    this.shows = this.wantedUi();
    const log = openLog(this.logFile);
    mkdirSync(join(this.home, "temporal"), { recursive: true, mode: 0o700 });
    const child = spawn(binary, startDevArguments(port, database, this.wantedUi()), {
      cwd: join(this.home, "temporal"),
      env: temporalEnvironment(this.home),
      detached: true,
      stdio: ["ignore", log, log],
    });
    closeSync(log);
    child.on("error", (error) => this.log("temporal cannot be run", { error: error.message }));
    child.on("exit", () => this.wake.abort());
    child.unref();
    const identity = child.pid === undefined ? undefined : identify(child.pid);
    if (identity === undefined) throw new OpsError("temporal_unavailable", "Local Temporal ended at once.");
    this.state.temporal = { ...identity, binary, server_version: version, database, port };
    this.save();
    if (!(await this.untilServing(identity, port, START_MS))) {
      if (this.stopping) return undefined;
      await endProcess(identity, 5_000);
      if (/address already in use/i.test(tailOf(this.logFile, 1_000))) throw portTaken(port);
      throw new OpsError("temporal_unavailable", "Local Temporal did not become healthy.");
    }
    databaseReady(database);
    return identity;
  }

  /** The port kept from the first start, or the configured one; never 7233. */
  private async port(configured: number | undefined, database: string): Promise<number> {
    if (configured === DEFAULT_TEMPORAL_PORT) {
      throw new OpsError("settings_invalid", `Port ${DEFAULT_TEMPORAL_PORT} is Temporal's default and is left to other servers.`, {
        hint: "Set temporal.port to another port, or leave it out.",
      });
    }
    const port = configured ?? this.state.port ?? (await choosePort(this.home));
    if (!(await isPortFree(port))) {
      const stray = findTemporalOf(database);
      if (stray !== undefined) await endProcess(stray, 15_000); // ours, whose start was never written down
      if (!(await isPortFree(port))) throw portTaken(port);
    }
    this.state.port = port;
    this.save();
    return port;
  }

  /** False where it died or did not serve in time. */
  private async untilServing(identity: ProcessIdentity, port: number, ms: number): Promise<boolean> {
    const end = Date.now() + ms;
    while (!this.stopping && Date.now() < end && isSameProcess(identity)) {
      if (await isServing(`127.0.0.1:${port}`, 1_500)) return true;
      await sleep(50);
    }
    return false;
  }

  /** Returns when it is dead; one that lives but does not serve for ten seconds is ended. */
  private async watch(identity: ProcessIdentity): Promise<void> {
    const port = (this.state.temporal as { port: number }).port;
    let served = Date.now();
    let last = Date.now();
    let next = Date.now() + HEALTH_EVERY_MS;
    while (!this.stopping && isSameProcess(identity)) {
      await this.pause(LOOK_MS);
      const now = Date.now();
      if (now - last > GAP_MS) served = now;
      if (!this.uiAsWanted()) await endProcess(identity, 15_000);
      last = now;
      if (now < next) continue;
      if (await isServing(`127.0.0.1:${port}`, 2_000)) served = Date.now();
      else if (Date.now() - served > UNHEALTHY_MS) await endProcess(identity, 10_000);
      last = Date.now();
      next = last + (served === last ? HEALTH_EVERY_MS : 1_000);
      rotateLog(this.logFile);
    }
  }

  private wantedUi(): TemporalUi | undefined {
    return this.ui !== undefined && this.ui.until > Date.now() ? this.ui : undefined;
  }

  private uiAsWanted(): boolean {
    const wanted = this.wantedUi();
    return wanted?.port === this.shows?.port && wanted?.codecEndpoint === this.shows?.codecEndpoint;
  }

  private async pause(ms: number): Promise<void> {
    if (ms > 0) await sleep(ms, undefined, { signal: this.wake.signal }).catch(() => undefined);
    if (this.wake.signal.aborted) this.wake = new AbortController();
  }
}

function portTaken(port: number): OpsError {
  return new OpsError("port_taken", `Port ${port} of this machine, on which local Temporal is kept, is used by another program.`, {
    hint: `End the program that listens on port ${port}, or set temporal.port to a free one.`,
    details: { port },
    retryable: true,
  });
}
