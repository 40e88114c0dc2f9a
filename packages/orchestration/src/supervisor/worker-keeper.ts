import { existsSync } from "node:fs";
import { basename, join } from "node:path";
import { OpsError, toPlain, type PlainError } from "@platform-ops/errors";
import { isSameProcess, type ProcessIdentity } from "../process/process-table.ts";
import { signalProcess } from "./end-process.ts";
import { KeptBuilds } from "./kept-builds.ts";
import { isNewer } from "./newer-build.ts";
import type { WorkerSpec, WorkerView } from "./protocol.ts";
import { Restarts } from "./restarts.ts";
import type { WorkerRecord } from "./state.ts";
import { startWorker } from "./start-worker.ts";
import { WorkerSlot, recordWithoutProcess, type Launch } from "./worker-slot.ts";

/** A drained worker hands its steps over in milliseconds. */
const DRAIN_MS = 120_000;

type Log = (message: string, fields?: Record<string, unknown>) => void;

/** Keeps the newest build of one server's worker alive, and older ones for as long as runs need them. */
export class WorkerKeeper {
  private readonly home: string;
  private readonly server: string;
  private readonly log: Log;
  private readonly changed: () => void;
  private readonly restarts = new Restarts();
  private readonly nextRestarts = new Restarts();
  private wanted: Launch | undefined;
  private candidate: Launch | undefined;
  private current: WorkerSlot | undefined;
  private next: WorkerSlot | undefined;
  private draining: WorkerSlot[] = [];
  private readonly kept: KeptBuilds;
  /** Local Temporal's, as the last tick knew it. */
  private address: string | undefined;
  private startAt = 0;
  private rejected = new Set<string>();

  /** `changed` is called when what is written down has changed, or a child has ended. */
  constructor(home: string, server: string, log: Log, changed: () => void) {
    this.home = home;
    this.server = server;
    this.log = log;
    this.changed = changed;
    this.kept = new KeptBuilds({
      home,
      server,
      log,
      start: (launch) => this.start(launch, true),
      drain: (slot) => this.drain(slot),
    });
  }

  get logFile(): string {
    return join(this.home, "logs", `worker-${this.server}.log`);
  }

  /** Takes over a process that a dead predecessor left, or remembers what it kept. */
  adopt(record: WorkerRecord): void {
    const lives = isSameProcess(record);
    const slot = new WorkerSlot(record, { pid: record.pid, start_time: record.start_time }, record.alive_file);
    if (record.role === "kept") return this.kept.adopt({ spec: record.spec, local: record.local }, lives ? slot : undefined);
    if (record.role === "draining") {
      slot.drainingSince = Date.now();
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
    this.address = address;
    for (const slot of this.slots()) {
      const silent = slot.look(gap);
      if (silent !== undefined)
        this.log("a worker gave no sign and was killed", { server: this.server, pid: slot.identity.pid, silent_ms: silent });
    }
    this.draining = this.draining.filter((slot) => this.drained(slot));
    this.keepCurrent();
    this.keepNext();
    this.kept.tick(this.current?.alive?.phase === "running" ? this.current.alive.left_to : undefined, this.wanted);
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
      ...(spec?.operatorsFile === undefined ? {} : { operators_file: spec.operatorsFile }),
      ...(this.current === undefined ? {} : { pid: this.current.identity.pid }),
      phase: this.current === undefined ? "stopped" : (this.current.alive?.phase ?? "starting"),
      open_runs: this.current?.alive?.open_runs ?? null,
      draining: this.draining.length,
      kept: this.kept.views,
      log: this.logFile,
      ...(failure === undefined ? {} : { failure }),
    };
  }

  records(): WorkerRecord[] {
    return [
      ...(this.current === undefined ? [] : [this.current.record("current")]),
      ...(this.current === undefined && this.wanted !== undefined ? [recordWithoutProcess(this.wanted, "current")] : []),
      ...(this.next === undefined ? [] : [this.next.record("next")]),
      ...this.kept.records,
      ...this.draining.map((slot) => slot.record("draining")),
    ];
  }

  /** Everything that lives, for the stop. */
  identities(): ProcessIdentity[] {
    return this.slots().map((slot) => slot.identity);
  }

  private slots(): WorkerSlot[] {
    return [this.current, this.next, ...this.kept.slots, ...this.draining].filter((slot) => slot !== undefined);
  }

  private drained(slot: WorkerSlot): boolean {
    if (!isSameProcess(slot.identity)) {
      slot.forget();
      this.changed();
      return false;
    }
    if (Date.now() - (slot.drainingSince ?? 0) > DRAIN_MS) signalProcess(slot.identity, "SIGKILL");
    return true;
  }

  private keepCurrent(): void {
    if (this.current !== undefined && !isSameProcess(this.current.identity)) {
      const lived = Date.now() - this.current.startedAt;
      this.log("a worker is gone", { server: this.server, pid: this.current.identity.pid, lived_ms: lived });
      this.current.forget();
      this.current = undefined;
      this.restarts.died(lived);
      this.startAt = Date.now() + this.restarts.delayMs;
      // a newer build need not wait for a process that is gone
      if (this.next !== undefined && this.candidate !== undefined) this.promote();
    }
    if (this.current === undefined && this.wanted !== undefined && Date.now() >= this.startAt) this.current = this.start(this.wanted);
  }

  private keepNext(): void {
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
    if (this.next === undefined && Date.now() >= this.startAt) this.next = this.start(this.candidate);
    if (this.next?.alive?.phase === "running") this.promote();
  }

  private promote(): void {
    if (this.current !== undefined) this.drain(this.current);
    this.current = this.next;
    this.wanted = this.candidate;
    this.next = undefined;
    this.candidate = undefined;
    this.restarts.quick = 0;
    this.nextRestarts.quick = 0;
    this.log("a newer worker build serves", { server: this.server, build: this.wanted?.spec.build });
    this.changed();
  }

  private drain(slot: WorkerSlot): void {
    signalProcess(slot.identity, "SIGTERM");
    slot.drainingSince = Date.now();
    this.draining.push(slot);
  }

  /** `kept`: beside the newest build, for what this one began. */
  private start(launch: Launch, kept = false): WorkerSlot | undefined {
    if (launch.local && this.address === undefined) return undefined; // it would only wait for Temporal
    const { spec } = launch;
    const entry = join(spec.build, spec.entry);
    if (!existsSync(entry)) {
      if (!kept) {
        this.restarts.quick = 3;
        this.startAt = Date.now() + this.restarts.delayMs;
      }
      this.log("a worker build is not there", { server: this.server, build: spec.build });
      return undefined;
    }
    const started = startWorker(
      this.home,
      spec,
      { localTemporal: launch.local ? this.address : undefined, kept },
      this.logFile,
      (message, fields) => this.log(message, fields),
      this.changed,
    );
    if (started === undefined) {
      if (!kept) {
        this.restarts.died(0);
        this.startAt = Date.now() + this.restarts.delayMs;
      }
      return undefined;
    }
    const { identity, aliveFile } = started;
    this.log("a worker was started", { server: this.server, pid: identity.pid, build: spec.build });
    queueMicrotask(() => this.changed());
    return new WorkerSlot(launch, identity, aliveFile);
  }
}
