import type { Json } from "../definition/definition.ts";

// Between those who tell a run of an event and the steps that wait for one. An event stays until the step that took it is in the
// journal: a run may be carried on between the two. Pure and serialisable, the same in a durable run and in the simulator.

/** Events that a run keeps for steps that will wait for them. */
export const MAX_EVENTS = 100;
/** Of the value of one event, as JSON in UTF-8. */
export const MAX_EVENT_BYTES = 32 * 1024;
/** Of all that are kept, names included. */
export const MAX_EVENTS_BYTES = 128 * 1024;

export interface KeptEvent {
  readonly name: string;
  readonly value: Json;
}

interface Held extends KeptEvent {
  readonly bytes: number;
  /** Path of the step that has it, and is not in the journal yet. */
  by?: string;
}

/** Keeps the events of one run, oldest first. */
export class EventInbox {
  readonly #events: Held[] = [];

  /** An empty one, or one that goes on from what another left. */
  static create(state: readonly KeptEvent[] = []): EventInbox {
    const inbox = new EventInbox();
    for (const { name, value } of state) inbox.#events.push({ name, value, bytes: bytesOf(name, value) });
    return inbox;
  }

  /** Plain JSON; `create` takes it back. What a step has, and is not in the journal yet, is there again. */
  get state(): readonly KeptEvent[] {
    return this.#events.map(({ name, value }) => ({ name, value }));
  }

  /** Why an event cannot be kept; undefined where it can. */
  refusal(name: string, value: Json): string | undefined {
    const bytes = bytesOf(name, value);
    if (bytes > MAX_EVENT_BYTES) return `An event is at most ${MAX_EVENT_BYTES} bytes of JSON, and this one is ${bytes}.`;
    const kept = this.#events.reduce((sum, one) => sum + one.bytes, 0);
    if (this.#events.length >= MAX_EVENTS || kept + bytes > MAX_EVENTS_BYTES)
      return `${this.#events.length} events that no step has waited for are kept already; no more is.`;
    return undefined;
  }

  /** Keeps an event; false where it cannot. */
  put(name: string, value: Json): boolean {
    if (this.refusal(name, value) !== undefined) return false;
    this.#events.push({ name, value, bytes: bytesOf(name, value) });
    return true;
  }

  /** There is one of that name which no step has. */
  has(name: string): boolean {
    return this.#events.some((one) => one.name === name && one.by === undefined);
  }

  /** The oldest of that name is this step's from now on; asked again by the same step, it is the same one. */
  reserve(name: string, path: string): KeptEvent | undefined {
    const held = this.#events.find((one) => one.by === path) ?? this.#events.find((one) => one.name === name && one.by === undefined);
    if (held !== undefined) held.by = path;
    return held;
  }

  /** The step will not end by it: others may have it. */
  release(path: string): void {
    for (const one of this.#events) if (one.by === path) delete one.by;
  }

  /** The step is in the journal. */
  taken(path: string): void {
    const at = this.#events.findIndex((one) => one.by === path);
    if (at >= 0) this.#events.splice(at, 1);
  }
}

function bytesOf(name: string, value: Json): number {
  return new TextEncoder().encode(JSON.stringify([name, value])).length;
}
