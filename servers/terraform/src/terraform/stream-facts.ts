import type { Diagnostic } from "./diagnostics.ts";
import type { TerraformEvent } from "./events.ts";
import type { Json } from "./lossless-json.ts";
import type { Progress, StepName } from "./step.ts";

/** Counts of a `change_summary` event; `remove` is what terraform calls destroy, `forget` is OpenTofu's. */
export interface ChangeSummary {
  readonly add: number;
  readonly change: number;
  readonly import: number;
  readonly remove: number;
  readonly forget: number;
  readonly operation: string;
}

/** A resource whose change was begun. */
export interface StartedResource {
  readonly address: string;
  readonly action: string;
  /** The id, where terraform knew one. */
  readonly id?: string;
}

const MAX_DIAGNOSTICS = 200;

/**
 * What is said where a provider did not answer a call: it crashed, was killed, or was cut off (terraform's and tofu's
 * internal/plugin/grpc_error.go). Such a diagnostic names no resource.
 */
const PROVIDER_ENDED = /^(?:Plugin did not respond|Plugin error|Request cancelled)$/;

const text = (value: unknown): string | undefined => (typeof value === "string" ? value : undefined);
const count = (value: unknown): number => (typeof value === "number" && Number.isFinite(value) ? value : 0);
const record = (value: unknown): Record<string, unknown> =>
  typeof value === "object" && value !== null ? (value as Record<string, unknown>) : {};

/** Folds the event stream of one program into what we decide by. Tolerant: an unknown event changes nothing. */
export class StreamFacts {
  version: string | undefined;
  kind: "terraform" | "tofu" | undefined;
  events = 0;
  refreshed = 0;
  planned = 0;
  /** Resources that something else changed. */
  drifted = 0;
  waitingForLock = false;
  lastEventAt: string | undefined;
  initialisedEmpty = false;
  interrupted = false;
  /** The last `outputs` event: after an apply all outputs with their values, those of sensitive ones left out. */
  outputs: Json | undefined;
  readonly diagnostics: Diagnostic[] = [];
  readonly summaries = new Map<string, ChangeSummary>();
  readonly started = new Map<string, StartedResource>();
  readonly completed = new Map<string, StartedResource>();
  readonly errored = new Map<string, StartedResource>();

  /** Takes in one event. */
  add(event: TerraformEvent): void {
    this.events += 1;
    this.lastEventAt = text(event["@timestamp"]) ?? this.lastEventAt;
    if (event.type !== "state_lock_acquire") this.waitingForLock = false;
    switch (event.type) {
      case "version":
        this.kind = "tofu" in event ? "tofu" : "terraform";
        this.version = text(event["tofu"]) ?? text(event["terraform"]);
        break;
      case "diagnostic":
        this.addDiagnostic(record(event["diagnostic"]));
        break;
      case "refresh_complete":
        this.refreshed += 1;
        break;
      case "planned_change":
        this.planned += 1;
        break;
      case "resource_drift":
        this.drifted += 1;
        break;
      case "state_lock_acquire":
        this.waitingForLock = true;
        break;
      case "change_summary":
        this.addSummary(record(event["changes"]));
        break;
      case "outputs":
        this.outputs = event["outputs"] as Json;
        break;
      case "init_output":
        if (event["message_code"] === "output_init_empty_message") this.initialisedEmpty = true;
        break;
      case "log":
        if (/\bInterrupt received\b|\bStopping operation\b/.test(text(event["@message"]) ?? "")) this.interrupted = true;
        break;
      case "apply_start":
      case "apply_complete":
      case "apply_errored":
        this.addApply(event.type, record(event["hook"]));
        break;
    }
  }

  /** Begun, and neither finished nor failed: what a killed program may have left behind. */
  inFlight(): StartedResource[] {
    return [...this.started].filter(([key]) => !this.completed.has(key) && !this.errored.has(key)).map(([, resource]) => resource);
  }

  /**
   * Reported as failed though no provider said so: it ended while it worked on them, so that they may exist without being in
   * the state. Empty while every provider answered.
   */
  lostByProvider(): StartedResource[] {
    const errors = this.diagnostics.filter((diagnostic) => diagnostic.severity === "error");
    if (!errors.some((diagnostic) => PROVIDER_ENDED.test(diagnostic.summary))) return [];
    const told = new Set(errors.map((diagnostic) => diagnostic.address));
    return [...this.errored.values()].filter((resource) => !told.has(resource.address));
  }

  /** Progress for a heartbeat. */
  progress(step: StepName): Progress {
    return {
      step,
      refreshed: this.refreshed,
      planned: this.planned,
      started: this.started.size,
      completed: this.completed.size,
      errored: this.errored.size,
      in_flight: this.inFlight()
        .slice(0, 20)
        .map((resource) => resource.address),
      waiting_for_lock: this.waitingForLock,
      ...(this.lastEventAt === undefined ? {} : { last_event_at: this.lastEventAt }),
    };
  }

  private addApply(type: string, hook: Record<string, unknown>): void {
    const address = text(record(hook["resource"])["addr"]);
    if (address === undefined) return;
    const action = text(hook["action"]) ?? "unknown";
    // A replaced resource is deleted and created under one address: both halves are steps of their own.
    const key = `${action} ${address}`;
    const id = text(hook["id_value"]);
    const resource = { address, action, ...(id === undefined ? {} : { id }) };
    if (type === "apply_start") this.started.set(key, resource);
    else if (type === "apply_complete") this.completed.set(key, resource);
    else this.errored.set(key, resource);
  }

  private addSummary(changes: Record<string, unknown>): void {
    const operation = text(changes["operation"]) ?? "unknown";
    this.summaries.set(operation, {
      add: count(changes["add"]),
      change: count(changes["change"]),
      import: count(changes["import"]),
      remove: count(changes["remove"]),
      forget: count(changes["forget"]),
      operation,
    });
  }

  private addDiagnostic(diagnostic: Record<string, unknown>): void {
    if (this.diagnostics.length >= MAX_DIAGNOSTICS) return;
    const range = record(diagnostic["range"]);
    const address = text(diagnostic["address"]);
    const file = text(range["filename"]);
    const line = record(range["start"])["line"];
    this.diagnostics.push({
      severity: diagnostic["severity"] === "warning" ? "warning" : "error",
      summary: text(diagnostic["summary"]) ?? "",
      detail: text(diagnostic["detail"]) ?? "",
      ...(address === undefined ? {} : { address }),
      ...(file === undefined ? {} : { file }),
      ...(typeof line === "number" ? { line } : {}),
    });
  }
}
