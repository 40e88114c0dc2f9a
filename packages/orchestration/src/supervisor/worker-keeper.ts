import { existsSync, readFileSync, rmSync, statSync } from "node:fs";
import { basename, join } from "node:path";
import { OpsError, toPlain, type PlainError } from "@platform-ops/errors";
import type { WorkerAlive } from "../contract/alive.ts";
import { isSameProcess, type ProcessIdentity } from "../process/process-table.ts";
import { signalProcess } from "./end-process.ts";
import { isNewer } from "./newer-build.ts";
import type { WorkerSpec, WorkerView } from "./protocol.ts";
import { Restarts } from "./restarts.ts";
import type { WorkerRecord } from "./state.ts";
import { startWorker } from "./start-worker.ts";

/** A worker writes its alive file every second; one that does not for this long is frozen and takes work into its grave. */
const FROZEN_MS = 10_000;
/** Time to the first alive file: Node, the native library and the sandbox are loaded before it. */
const FIRST_SIGN_MS = 60_000;
/** A drained worker hands its steps over in milliseconds. */
const DRAIN_MS = 120_000;

interface Slot {
  readonly spec: WorkerSpec;
  readonly local: boolean;
  readonly identity: ProcessIdentity;
  readonly aliveFile: string;
  readonly startedAt: number;
  alive: WorkerAlive | undefined;
  lastMtime: number;
  /** By our own clock: when the alive file was last seen to change. */
  lastSign: number;
  drainingSince: number | undefined;
}

type Log = (message: string, fields?: Record<string, unknown>) => void;

/** Keeps the newest build of one server's worker alive. */
export class WorkerKeeper {
  private readonly home: string;
  private readonly server: string;
  private readonly log: Log;
  private readonly changed: () => void;
  private readonly restarts = new Restarts();
  private readonly nextRestarts = new Restarts();
  private wanted: { spec: WorkerSpec; local: boolean } | undefined;
  private candidate: { spec: WorkerSpec; local: boolean } | undefined;
  private current: Slot | undefined;
  private next: Slot | undefined;
  private draining: Slot[] = [];
  private startAt = 0;
  private rejected = new Set<string>();

  /** `changed` is called when what is written down has changed, or a child has ended. */
  constructor(home: string, server: string, log: Log, changed: () => void) {
    this.home = home;
    this.server = server;
    this.log = log;
    this.changed = changed;
  }

  get logFile(): string {
    return join(this.home, "logs", `worker-${this.server}.log`);
  }

  /** Takes over a process that a dead predecessor left, or remembers what it kept. */
  adopt(record: WorkerRecord): void {
    const lives = isSameProcess(record);
    const slot: Slot = {
      spec: record.spec,
      local: record.local,
      identity: { pid: record.pid, start_time: record.start_time },
      aliveFile: record.alive_file,
      startedAt: Date.now(),
      alive: undefined,
      lastMtime: 0,
      lastSign: Date.now(),
      drainingSince: record.role === "draining" ? Date.now() : undefined,
    };
    if (record.role === "draining") {
      if (lives) this.draining.push(slot);
      return;
    }
    if (record.role === "next") {
      this.candidate = { spec: record.spec, local: record.local };
      if (lives) this.next = slot;
      return;
    }
    this.wanted = { spec: record.spec, local: record.local };
    if (lives) this.current = slot;
  }

  /** A client's build: the newest one wins; an older client never replaces it. */
  offer(spec: WorkerSpec, local: boolean): void {
    if (this.wanted === undefined || this.wanted.spec.build === spec.build) {
      const moved = this.wanted !== undefined && this.wanted.local !== local;
      this.wanted ??= { spec, local };
      if (moved) this.candidate = { spec, local };
      if (this.current === undefined) {
        this.wanted = { spec, local };
        this.startAt = 0;
      }
      return;
    }
    if (!isNewer(spec, (this.candidate ?? this.wanted).spec) || this.rejected.has(spec.build)) return;
    this.candidate = { spec, local };
    this.startAt = 0;
  }

  /** One look: starts, replaces, ends. `address` is local Temporal's, where it is ready. `gap`: this machine slept. */
  tick(address: string | undefined, gap: boolean): void {
    for (const slot of this.slots()) this.look(slot, gap);
    this.draining = this.draining.filter((slot) => this.drained(slot));
    this.keepCurrent(address);
    this.keepNext(address);
  }

  /** True where the worker that should serve does. */
  get running(): boolean {
    return this.current?.alive?.phase === "running" && this.candidate === undefined;
  }

  /** True where nothing is open, as far as every living worker knows. */
  get idle(): boolean {
    return this.slots().every((slot) => slot.alive?.open_runs === 0);
  }

  get failure(): PlainError | undefined {
    if (!this.restarts.degraded || this.current?.alive?.phase === "running") return undefined;
    return toPlain(
      new OpsError("worker_unavailable", `The ${this.server} worker died ${this.restarts.quick} times in a row right after its start.`, {
        hint: `Its own words are in ${this.logFile}.`,
        details: { log: this.logFile },
      }),
    );
  }

  view(): WorkerView {
    const spec = this.wanted?.spec;
    const failure = this.failure;
    return {
      server: this.server,
      version: spec?.version ?? "",
      build: basename(spec?.build ?? ""),
      ...(this.current === undefined ? {} : { pid: this.current.identity.pid }),
      phase: this.current === undefined ? "stopped" : (this.current.alive?.phase ?? "starting"),
      open_runs: this.current?.alive?.open_runs ?? null,
      draining: this.draining.length,
      log: this.logFile,
      ...(failure === undefined ? {} : { failure }),
    };
  }

  records(): WorkerRecord[] {
    const record = (slot: Slot, role: WorkerRecord["role"]): WorkerRecord => ({
      ...slot.identity,
      spec: slot.spec,
      local: slot.local,
      alive_file: slot.aliveFile,
      role,
    });
    return [
      ...(this.current === undefined ? [] : [record(this.current, "current")]),
      // what should run but does not just now is kept under a process that is gone
      ...(this.current === undefined && this.wanted !== undefined
        ? [{ pid: 0, start_time: "", ...this.wanted, alive_file: "", role: "current" as const }]
        : []),
      ...(this.next === undefined ? [] : [record(this.next, "next")]),
      ...this.draining.map((slot) => record(slot, "draining")),
    ];
  }

  /** Everything that lives, for the stop. */
  identities(): ProcessIdentity[] {
    return this.slots().map((slot) => slot.identity);
  }

  private slots(): Slot[] {
    return [this.current, this.next, ...this.draining].filter((slot) => slot !== undefined);
  }

  private look(slot: Slot, gap: boolean): void {
    const now = Date.now();
    if (gap) slot.lastSign = now;
    try {
      const { mtimeMs } = statSync(slot.aliveFile);
      if (mtimeMs !== slot.lastMtime) {
        slot.lastMtime = mtimeMs;
        slot.lastSign = now;
        const alive = JSON.parse(readFileSync(slot.aliveFile, "utf8")) as WorkerAlive;
        if (alive.pid === slot.identity.pid) slot.alive = alive;
      }
    } catch {
      // not written yet, or seen half-written: the next look reads it
    }
    const limit = slot.alive === undefined ? FIRST_SIGN_MS : FROZEN_MS;
    if (now - slot.lastSign > limit && signalProcess(slot.identity, "SIGKILL")) {
      this.log("a worker gave no sign and was killed", { server: this.server, pid: slot.identity.pid, silent_ms: now - slot.lastSign });
      slot.lastSign = now;
    }
  }

  private drained(slot: Slot): boolean {
    if (!isSameProcess(slot.identity)) {
      rmSync(slot.aliveFile, { force: true });
      this.changed();
      return false;
    }
    if (Date.now() - (slot.drainingSince ?? 0) > DRAIN_MS) signalProcess(slot.identity, "SIGKILL");
    return true;
  }

  private keepCurrent(address: string | undefined): void {
    if (this.current !== undefined && !isSameProcess(this.current.identity)) {
      const lived = Date.now() - this.current.startedAt;
      this.log("a worker is gone", { server: this.server, pid: this.current.identity.pid, lived_ms: lived });
      rmSync(this.current.aliveFile, { force: true });
      this.current = undefined;
      this.restarts.died(lived);
      this.startAt = Date.now() + this.restarts.delayMs;
      // a newer build need not wait for a process that is gone
      if (this.next !== undefined && this.candidate !== undefined) this.promote();
    }
    if (this.current === undefined && this.wanted !== undefined && Date.now() >= this.startAt)
      this.current = this.start(this.wanted, address);
  }

  private keepNext(address: string | undefined): void {
    if (this.next !== undefined && !isSameProcess(this.next.identity)) {
      this.nextRestarts.died(Date.now() - this.next.startedAt);
      this.next = undefined;
      this.startAt = Date.now() + this.nextRestarts.delayMs;
    }
    if (this.candidate === undefined) return;
    if (this.nextRestarts.degraded) {
      this.log("a newer worker build does not start; the old one is kept", { server: this.server, build: this.candidate.spec.build });
      this.rejected.add(this.candidate.spec.build);
      this.candidate = undefined;
      this.nextRestarts.quick = 0;
      return;
    }
    if (this.next === undefined && Date.now() >= this.startAt) this.next = this.start(this.candidate, address);
    if (this.next?.alive?.phase === "running") this.promote();
  }

  private promote(): void {
    if (this.current !== undefined) {
      signalProcess(this.current.identity, "SIGTERM");
      this.current.drainingSince = Date.now();
      this.draining.push(this.current);
    }
    this.current = this.next;
    this.wanted = this.candidate;
    this.next = undefined;
    this.candidate = undefined;
    this.restarts.quick = 0;
    this.nextRestarts.quick = 0;
    this.log("a newer worker build serves", { server: this.server, build: this.wanted?.spec.build });
    this.changed();
  }

  private start(what: { spec: WorkerSpec; local: boolean }, address: string | undefined): Slot | undefined {
    if (what.local && address === undefined) return undefined; // it would only wait for Temporal
    const { spec } = what;
    const entry = join(spec.build, spec.entry);
    if (!existsSync(entry)) {
      this.restarts.quick = 3;
      this.startAt = Date.now() + this.restarts.delayMs;
      this.log("a worker build is not there", { server: this.server, build: spec.build });
      return undefined;
    }
    const started = startWorker(
      this.home,
      spec,
      what.local ? address : undefined,
      this.logFile,
      (message, fields) => this.log(message, fields),
      this.changed,
    );
    if (started === undefined) {
      this.restarts.died(0);
      this.startAt = Date.now() + this.restarts.delayMs;
      return undefined;
    }
    const { identity, aliveFile } = started;
    this.log("a worker was started", { server: this.server, pid: identity.pid, build: spec.build });
    queueMicrotask(() => this.changed());
    return {
      spec,
      local: what.local,
      identity,
      aliveFile,
      startedAt: Date.now(),
      alive: undefined,
      lastMtime: 0,
      lastSign: Date.now(),
      drainingSince: undefined,
    };
  }
}
