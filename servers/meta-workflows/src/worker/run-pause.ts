import type { ActionDesk, Run } from "@platform-ops/meta-workflow-registry/run";
import { patched } from "@temporalio/workflow";
import type { Carried, Control, Pause } from "./run-contract.ts";

/** Since when nothing at all begins in a paused run. Earlier versions held calls back only: their histories are replayed so. */
const HOLDS_ALL = "pause-holds-all";

/** Whether a run is paused, by whom, and what is held back. */
export class RunPause {
  #isPaused: boolean;
  #pause: Pause | undefined;
  #holdsAll: boolean;

  constructor(carried: Carried | undefined) {
    this.#isPaused = carried?.paused ?? false;
    this.#pause = carried?.pause;
    this.#holdsAll = this.#isPaused && patched(HOLDS_ALL);
  }

  get isPaused(): boolean {
    return this.#isPaused;
  }

  /** Nothing begins, not calls alone. */
  get holdsAll(): boolean {
    return this.#isPaused && this.#holdsAll;
  }

  get pause(): Pause | undefined {
    return this.#pause;
  }

  /** Pauses; one that is paused stays so, by whoever paused it first. */
  begin({ by, reason }: Extract<Control, { command: "pause" | "resume" }>, run: Run, desk: ActionDesk): void {
    if (this.#isPaused) return;
    this.#isPaused = true;
    this.#holdsAll = patched(HOLDS_ALL);
    if (!this.#holdsAll) return;
    this.#pause = { by, ...(reason === undefined ? {} : { reason }), since: new Date(Date.now()).toISOString() };
    run.pause();
    desk.pause();
  }

  /** Goes on. */
  end(run: Run, desk: ActionDesk): void {
    this.#isPaused = false;
    this.#pause = undefined;
    if (!this.#holdsAll) return;
    run.resume();
    desk.resume();
  }
}
