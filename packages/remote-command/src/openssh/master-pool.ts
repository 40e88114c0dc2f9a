import { OpsError } from "@platform-ops/errors";
import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { destinationKey, type Destination } from "../ssh/destination.ts";

/** A place on a shared connection. */
export interface Master {
  readonly to: Destination;
  readonly socket: string;
  /** Commands on it just now. */
  taken: number;
  ready: Promise<void>;
}

export interface MasterPort {
  /** The path for a socket of that name. */
  socket(name: string): Promise<string>;
  /** Makes the connection behind the socket. @throws OpsError */
  start(to: Destination, socket: string): Promise<void>;
  stop(to: Destination, socket: string): Promise<void>;
}

/** sshd's MaxSessions is 10, and it frees a place late: at five none is ever refused. */
const CHANNELS = 5;
const CONNECTIONS = 4;

/** Shared connections of the ssh program (ControlMaster): several for each destination, each for several commands at once. */
export class MasterPool {
  private readonly stations = new Map<string, { masters: Master[]; waiting: (() => void)[] }>();
  private closed = false;
  private readonly port: MasterPort;

  constructor(port: MasterPort) {
    this.port = port;
  }

  /** A place on a living connection. @throws OpsError why none can be made; cancelled */
  async take(to: Destination, signal: AbortSignal): Promise<Master> {
    const key = destinationKey(to);
    const station = this.stations.get(key) ?? { masters: [], waiting: [] };
    this.stations.set(key, station);
    for (;;) {
      if (signal.aborted || this.closed) throw new OpsError("cancelled", "It was cancelled before it was begun.");
      let master = station.masters.find((one) => one.taken < CHANNELS);
      if (master === undefined && station.masters.length < CONNECTIONS) {
        master = { to, socket: "", taken: 0, ready: Promise.resolve() };
        const name = `m-${createHash("sha256").update(key).digest("hex").slice(0, 12)}${process.pid.toString(36)}${station.masters.length}`;
        const made = master;
        made.ready = this.port.socket(name).then(async (socket) => {
          (made as { socket: string }).socket = socket;
          await this.port.start(to, socket);
        });
        station.masters.push(master);
      }
      if (master === undefined) {
        await waitForPlace(station.waiting, signal);
        continue;
      }
      master.taken += 1;
      try {
        await master.ready;
        // It ends by itself when its connection breaks, and its socket with it.
        if (existsSync(master.socket)) return master;
        this.forget(station, master);
      } catch (error) {
        this.forget(station, master);
        throw error;
      }
    }
  }

  giveBack(master: Master): void {
    master.taken -= 1;
    this.stations.get(destinationKey(master.to))?.waiting.shift()?.();
  }

  /** Ends all shared connections; commands on them end as lost. */
  async close(): Promise<void> {
    this.closed = true;
    const masters = [...this.stations.values()].flatMap((station) => station.masters.splice(0));
    for (const station of this.stations.values()) for (const wake of station.waiting.splice(0)) wake();
    await Promise.all(
      masters.map(async (master) => {
        await master.ready.then(
          () => this.port.stop(master.to, master.socket),
          () => undefined,
        );
      }),
    );
  }

  private forget(station: { masters: Master[]; waiting: (() => void)[] }, master: Master): void {
    master.taken -= 1;
    const at = station.masters.indexOf(master);
    if (at >= 0) station.masters.splice(at, 1);
    for (const wake of station.waiting.splice(0)) wake();
  }
}

function waitForPlace(waiting: (() => void)[], signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      signal.removeEventListener("abort", done);
      resolve();
    };
    signal.addEventListener("abort", done, { once: true });
    waiting.push(done);
  });
}
