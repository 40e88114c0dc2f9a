import { existsSync, readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { isSameProcess, type ProcessIdentity } from "../process/process-table.ts";
import type { KeptBuildView } from "./protocol.ts";
import { Restarts } from "./restarts.ts";
import type { WorkerRecord } from "./state.ts";
import { recordWithoutProcess, type Launch, type WorkerSlot } from "./worker-slot.ts";

interface Kept {
  readonly launch: Launch;
  readonly restarts: Restarts;
  slot: WorkerSlot | undefined;
  startAt: number;
}

/** What `KeptBuilds` needs of the keeper of its server. */
export interface KeptBuildsOptions {
  /** The data directory. */
  readonly home: string;
  readonly server: string;
  start(launch: Launch): WorkerSlot | undefined;
  drain(slot: WorkerSlot): void;
  log(message: string, fields?: Record<string, unknown>): void;
}

/** Older builds that live on beside the newest one, for the runs that only they can carry on. */
export class KeptBuilds {
  readonly #options: KeptBuildsOptions;
  readonly #kept = new Map<string, Kept>();

  constructor(options: KeptBuildsOptions) {
    this.#options = options;
  }

  /** Takes over what a dead predecessor kept; `slot` where its process lives. */
  adopt(launch: Launch, slot: WorkerSlot | undefined): void {
    this.#kept.set(basename(launch.spec.build), { launch, slot, restarts: new Restarts(), startAt: 0 });
  }

  /**
   * One look. `leftTo`: the builds that the newest one, which is `newest`, names as still needed; undefined while it has not
   * said.
   */
  tick(leftTo: readonly string[] | undefined, newest: Launch | undefined): void {
    if (leftTo !== undefined && newest !== undefined) this.#follow(leftTo, newest);
    for (const kept of this.#kept.values()) this.#keep(kept);
  }

  get slots(): WorkerSlot[] {
    return [...this.#kept.values()].flatMap(({ slot }) => slot ?? []);
  }

  get identities(): ProcessIdentity[] {
    return this.slots.map((slot) => slot.identity);
  }

  get views(): KeptBuildView[] {
    return [...this.#kept].map(([build, { slot }]) => ({
      build,
      ...(slot === undefined ? {} : { pid: slot.identity.pid }),
      open_runs: slot?.alive?.open_runs ?? null,
    }));
  }

  get records(): WorkerRecord[] {
    return [...this.#kept.values()].map(({ launch, slot }) => slot?.record("kept") ?? recordWithoutProcess(launch, "kept"));
  }

  #follow(leftTo: readonly string[], newest: Launch): void {
    for (const build of leftTo) {
      const launch = this.#kept.has(build) || build === basename(newest.spec.build) ? undefined : this.#launchOf(build, newest);
      if (launch === undefined) continue;
      this.#options.log("an older worker build is kept: runs need it", { server: this.#options.server, build });
      this.adopt(launch, undefined);
    }
    for (const [build, { slot }] of this.#kept) {
      if (leftTo.includes(build)) continue;
      this.#options.log("an older worker build is needed no longer", { server: this.#options.server, build });
      if (slot !== undefined) this.#options.drain(slot);
      this.#kept.delete(build);
    }
  }

  /** The newest one's launch with another build. The name came from Temporal, where any local process can write: it must be a folder of ours. */
  #launchOf(build: string, { spec, local }: Launch): Launch | undefined {
    const { home, server } = this.#options;
    const folder = join(home, "workers", build);
    if (!/^[0-9A-Za-z][0-9A-Za-z.+-]*$/.test(build)) return undefined;
    try {
      const facts = JSON.parse(readFileSync(join(folder, "build.json"), "utf8")) as {
        server?: unknown;
        version?: unknown;
        built_at?: unknown;
      };
      if (facts.server !== server) return undefined;
      return { local, spec: { ...spec, version: String(facts.version), builtAt: String(facts.built_at), build: folder } };
    } catch {
      return undefined;
    }
  }

  #keep(kept: Kept): void {
    if (kept.slot !== undefined && !isSameProcess(kept.slot.identity)) {
      const lived = Date.now() - kept.slot.startedAt;
      this.#options.log("a worker is gone", { server: this.#options.server, pid: kept.slot.identity.pid, lived_ms: lived });
      kept.slot.forget();
      kept.slot = undefined;
      kept.restarts.died(lived);
      kept.startAt = Date.now() + kept.restarts.delayMs;
    }
    if (kept.slot !== undefined || Date.now() < kept.startAt || !existsSync(kept.launch.spec.build)) return;
    kept.slot = this.#options.start(kept.launch);
    if (kept.slot === undefined) kept.startAt = Date.now() + 1_000;
  }
}
