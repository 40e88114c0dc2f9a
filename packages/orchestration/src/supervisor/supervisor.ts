import { existsSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { OpsError, fromPlain, type PlainError } from "@platform-ops/errors";
import { endProcess } from "./end-process.ts";
import { rotateLog } from "./log-file.ts";
import { PROTOCOL, type EnsureRequest, type SupervisorStatus } from "./protocol.ts";
import { readState, writeState, type SupervisorState } from "./state.ts";
import type { TemporalUi } from "./start-dev.ts";
import { TemporalKeeper } from "./temporal-keeper.ts";
import { WorkerKeeper } from "./worker-keeper.ts";

const TICK_MS = 250;
/** Between two ticks; more means that this machine slept: no worker was silent for its own reasons. */
const GAP_MS = 3_000;
const WORKER_STOP_MS = 15_000;
/** Who shows the page asks for it again well within this; one that was killed does not, and it goes. */
const UI_LEASE_MS = 60_000;
const UI_START_MS = 30_000;

type Log = (message: string, fields?: Record<string, unknown>) => void;

/** Keeps local Temporal and the workers of one data directory; knows nothing of how it is asked. */
export class Supervisor {
  private readonly home: string;
  private readonly log: Log;
  private readonly startedAt = new Date();
  private readonly state: SupervisorState;
  private readonly temporal: TemporalKeeper;
  private readonly workers = new Map<string, WorkerKeeper>();
  private lastRequest = Date.now();
  private lastTick = Date.now();
  private idleMinutes = 30;
  private asked = false;
  private saved = "";
  private unsaved = false;
  private busy = 0;
  /** Set once it is ending; whoever asks then must wait for the next one. */
  ending = false;

  constructor(home: string, log: Log) {
    this.home = home;
    this.log = log;
    this.state = readState(this.stateFile);
    this.temporal = new TemporalKeeper(home, this.state, () => this.save(), log);
    this.temporal.adopt();
    for (const record of this.state.workers) this.keeper(record.spec.server).adopt(record);
  }

  private get stateFile(): string {
    return join(this.home, "supervisor", "state.json");
  }

  /** Ticks until nothing is needed any more, or `signal` says so. Resolves when it is time to stop. */
  async watch(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      this.tick();
      if (this.isIdle() || this.isHomeless()) return;
      await sleep(TICK_MS, undefined, { signal }).catch(() => undefined);
    }
  }

  /**
   * Brings everything asked for to life and says how it stands.
   * @throws OpsError setup_needed, port_taken, temporal_version, temporal_unavailable, worker_unavailable
   */
  async ensure(request: EnsureRequest, onProgress: (line: string) => void): Promise<SupervisorStatus> {
    this.touch();
    this.busy++;
    try {
      this.idleMinutes = request.idle_minutes;
      const seen = this.temporal.failures;
      if (request.temporal !== null) this.temporal.want(request.temporal);
      for (const spec of request.workers) this.keeper(spec.server).offer(spec, request.temporal !== null);
      this.tick();
      await this.until(request, seen, onProgress);
      return this.status();
    } finally {
      this.busy--;
      this.touch();
    }
  }

  /**
   * Shows Temporal's own page for a while (the server is started again for it: about a second, and nothing open is lost),
   * or no longer. Resolves with its address once it is there.
   * @throws OpsError temporal_unavailable
   */
  async showUi(ui: TemporalUi | undefined): Promise<string | undefined> {
    this.touch();
    if (this.temporal.view().state === "off")
      throw new OpsError("temporal_unavailable", "No local Temporal runs.", {
        hint: "Start a run first; a cluster has a page of its own.",
      });
    this.temporal.showUi(ui, UI_LEASE_MS);
    if (ui === undefined) return undefined;
    const end = Date.now() + UI_START_MS;
    while (this.temporal.uiAddress === undefined) {
      if (this.ending || Date.now() > end)
        throw new OpsError("temporal_unavailable", "Temporal's page did not come up.", { hint: `Its log is ${this.temporal.logFile}.` });
      await sleep(50);
    }
    return this.temporal.uiAddress;
  }

  touch(): void {
    this.lastRequest = Date.now();
    this.asked = true;
  }

  status(): SupervisorStatus {
    return {
      protocol: PROTOCOL,
      pid: process.pid,
      started_at: this.startedAt.toISOString(),
      idle_seconds: Math.round((Date.now() - this.lastRequest) / 1000),
      temporal: this.temporal.view(),
      workers: [...this.workers.values()].map((worker) => worker.view()),
    };
  }

  /** Ends workers (they hand their steps over), then Temporal. Detached programs are never touched. */
  async stop(): Promise<void> {
    this.ending = true;
    const living = [...this.workers.values()].flatMap((worker) => worker.identities());
    await Promise.all(living.map((identity) => endProcess(identity, WORKER_STOP_MS)));
    this.workers.clear();
    await this.temporal.stop();
    this.save();
  }

  /** Ends nothing: what runs is written down for the next supervisor. */
  async leave(): Promise<void> {
    this.ending = true;
    this.save();
    await this.temporal.leave();
  }

  private keeper(server: string): WorkerKeeper {
    let keeper = this.workers.get(server);
    if (keeper === undefined) {
      keeper = new WorkerKeeper(this.home, server, this.log, () => setImmediate(() => this.tick()));
      this.workers.set(server, keeper);
    }
    return keeper;
  }

  private tick(): void {
    if (this.ending || this.isHomeless()) return;
    const now = Date.now();
    const gap = now - this.lastTick > GAP_MS;
    this.lastTick = now;
    for (const worker of this.workers.values()) {
      worker.tick(this.temporal.address, gap);
      rotateLog(worker.logFile);
    }
    this.save();
  }

  /** The data directory was removed: nobody could find, or stop, what runs for it. */
  private isHomeless(): boolean {
    return !existsSync(join(this.home, "supervisor", "lock"));
  }

  private isIdle(): boolean {
    if (this.busy > 0 || (!this.asked && Date.now() - this.lastRequest < 60_000)) return false;
    return Date.now() - this.lastRequest > this.idleMinutes * 60_000 && [...this.workers.values()].every((worker) => worker.idle);
  }

  private async until(request: EnsureRequest, seen: number, onProgress: (line: string) => void): Promise<void> {
    const end = Date.now() + request.timeout_ms;
    const said = new Set<string>();
    const say = (line: string): void => {
      if (!said.has(line)) onProgress(line);
      said.add(line);
    };
    for (;;) {
      if (this.ending)
        throw new OpsError("temporal_unavailable", "The supervisor is ending.", { hint: "Call again.", details: { ending: true } });
      if (request.temporal !== null && this.temporal.address === undefined) {
        say("starting local Temporal");
        const failure = this.temporal.view().failure;
        if (failure !== undefined && this.temporal.failures > seen) throw fromPlain(failure);
      } else {
        const waiting = request.workers.map(({ server }) => this.keeper(server)).filter((worker) => !worker.running);
        if (waiting.length === 0) return;
        say("starting workers");
        const failure: PlainError | undefined = waiting.map((worker) => worker.failure).find((found) => found !== undefined);
        if (failure !== undefined) throw fromPlain(failure);
      }
      if (Date.now() > end) throw this.late(request);
      await sleep(25);
    }
  }

  private late(request: EnsureRequest): OpsError {
    const temporal = request.temporal !== null && this.temporal.address === undefined;
    const what = temporal ? "Local Temporal" : "A worker";
    return new OpsError(
      temporal ? "temporal_unavailable" : "worker_unavailable",
      `${what} was not ready in ${Math.round(request.timeout_ms / 1000)} s.`,
      { hint: `It goes on starting: call again. Logs are in ${join(this.home, "logs")}.` },
    );
  }

  private save(): void {
    if (this.isHomeless()) return;
    this.state.workers = [...this.workers.values()].flatMap((worker) => worker.records());
    const text = JSON.stringify(this.state);
    if (text === this.saved) return;
    try {
      writeState(this.stateFile, this.state);
    } catch (error) {
      // A full disk passes; until then the next tick tries again.
      if (!this.unsaved) this.log("what is kept could not be written down", { error: String(error) });
      this.unsaved = true;
      return;
    }
    this.unsaved = false;
    this.saved = text;
  }
}
