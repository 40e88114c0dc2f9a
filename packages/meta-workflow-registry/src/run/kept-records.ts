import { isAt, overMark, type Journal, type StepRecord } from "./journal.ts";
import { cut, jsonBytes, MAX_KEPT_BYTES, type KeptBytes } from "./value-bounds.ts";

/** Characters of a failure's words where a run is full. */
const SHORT = 200;

/** The records of finished steps in a journal: kept as long as something may read them, found by what stands above them, counted. */
export class KeptRecords {
  readonly #journal: Journal;
  readonly #kept: KeptBytes;
  /** Paths of records by each path above them. */
  readonly #below = new Map<string, Set<string>>();

  /** @param journal changed in place; the records that it has are known from here on */
  constructor(journal: Journal, kept: KeptBytes) {
    this.#journal = journal;
    this.#kept = kept;
    for (const path of Object.keys(journal.steps)) this.#index(path);
  }

  /** Writes a record, so that `drop` finds it. */
  put(path: string, record: StepRecord): void {
    const { error } = record;
    const isShort = error === undefined || error.message.length <= SHORT || !this.#kept.isFull;
    const kept = isShort ? record : { ...record, error: { ...error, message: cut(error.message, SHORT) } };
    this.#journal.steps[path] = kept;
    this.#kept.add(kept, path);
    this.#index(path);
  }

  #index(path: string): void {
    for (let at = 1; at < path.length; at += 1) {
      if (path[at] !== "/" && path[at] !== "[") continue;
      const above = path.slice(0, at);
      const below = this.#below.get(above);
      if (below === undefined) this.#below.set(above, new Set([path]));
      else below.add(path);
    }
  }

  /** Bytes of what `drop` would forget. */
  freedBy(path: string): number {
    const { steps, visible, scopes, marks } = this.#journal;
    const outside = new Set(Object.entries(visible).flatMap(([frame, ids]) => (isAt(frame, path) ? [] : Object.values(ids))));
    const gone = [
      ...[...(this.#below.get(path) ?? [])].filter((key) => !outside.has(key)).map((key) => steps[key]),
      ...Object.keys(scopes)
        .filter((key) => isAt(key, path))
        .map((key) => scopes[key]),
      ...Object.keys(marks)
        .filter((key) => isAt(key, path))
        .map((key) => marks[key]),
    ];
    return gone.reduce((sum: number, value) => sum + jsonBytes(value, MAX_KEPT_BYTES), 0);
  }

  /** Forgets what is at and below a path, except the record of the path itself and those that a frame outside of it still shows. */
  drop(path: string): void {
    const { steps, visible, scopes, began, marks } = this.#journal;
    // These hold what is unfinished only: they are short.
    for (const key of Object.keys(scopes)) if (isAt(key, path)) this.#kept.take(scopes[key], key);
    for (const key of Object.keys(marks)) if (isAt(key, path) && Array.isArray(marks[key])) this.#kept.take(marks[key], key);
    for (const part of [visible, scopes, began, marks]) for (const key of Object.keys(part)) if (isAt(key, path)) delete part[key];
    const kept = new Set<string>();
    for (const key of this.#below.get(path) ?? []) {
      if (Object.values(visible).some((ids) => ids[stepIdAt(key)] === key)) kept.add(key);
      else {
        this.#kept.take(steps[key], key);
        delete steps[key];
      }
    }
    if (kept.size === 0) this.#below.delete(path);
    else this.#below.set(path, kept);
  }

  /** Forgets what a step with no steps in it has decided. */
  forgetMarks(path: string): void {
    const { began, marks } = this.#journal;
    delete began[path];
    delete marks[path];
    delete marks[overMark(path)];
    // Its first action is #1; where a person was asked whether a call happened, #2 and on.
    for (let asked = 1; asked <= 2 || marks[`${path}#${asked}`] !== undefined; asked += 1) delete marks[`${path}#${asked}`];
  }
}

function stepIdAt(path: string): string {
  return path.slice(path.lastIndexOf("/") + 1);
}
