import type { Client } from "ssh2";
import { isOpsError, OpsError } from "@platform-ops/errors";
import type { Duplex } from "node:stream";
import { asJumpFailure, forwardFailure } from "./connection-failure.ts";
import { openConnection, type ConnectSettings } from "./connect.ts";
import { destinationKey, type Destination } from "./destination.ts";

export interface PoolLimits {
  /** Commands at once on one connection: sshd's MaxSessions is 10, and it frees a place late; at five none is ever refused. */
  readonly channels: number;
  /** Connections to one destination; further commands wait. sshd drops at random from ten that log in at once. */
  readonly connections: number;
  /** Ways through one connection to a jump host: MaxSessions does not count them. */
  readonly forwards: number;
  /** Milliseconds after its last use until a connection is closed. */
  readonly idleMs: number;
}

export const POOL_LIMITS: PoolLimits = { channels: 5, connections: 4, forwards: 64, idleMs: 300_000 };

/** A place on a connection, for one channel. */
export interface Lease {
  readonly client: Client;
  /** True when the connection had served before: it may be dead without our knowing. */
  readonly reused: boolean;
  /** Nobody else gets onto this connection: what is on it may end, then it is closed. */
  retire(): void;
  /** The server refused a channel: from now on this connection carries fewer. True when it carried no other. */
  full(): boolean;
  release(): void;
}

interface Connection {
  readonly client: Client;
  /** How many channels it carries at once. */
  places: number;
  taken: number;
  served: number;
  usable: boolean;
  idle: NodeJS.Timeout | undefined;
  /** Gives back what it stands on: the place on the jump host's connection. */
  readonly onClose: () => void;
}

interface Waiter {
  resolve(lease: Lease): void;
  reject(error: Error): void;
}

interface Station {
  readonly to: Destination;
  readonly places: number;
  readonly connections: Connection[];
  opening: number;
  readonly waiting: Waiter[];
}

/** Logged-in connections that are kept warm: one or more for each destination, several commands on each. */
export class ConnectionPool {
  private readonly stations = new Map<string, Station>();
  private closed = false;
  private readonly settings: ConnectSettings;
  private readonly limits: PoolLimits;

  constructor(settings: ConnectSettings, limits: PoolLimits = POOL_LIMITS) {
    this.settings = settings;
    this.limits = limits;
  }

  /**
   * A place for a command on a connection to the destination.
   * @throws OpsError what `openConnection` throws; proxy_unreachable; cancelled
   */
  lease(to: Destination, signal?: AbortSignal): Promise<Lease> {
    return this.leaseOf(to, this.limits.channels, signal);
  }

  /** Closes all connections; commands on them end as lost. */
  close(): void {
    this.closed = true;
    for (const station of this.stations.values()) {
      for (const waiter of station.waiting.splice(0)) waiter.reject(new OpsError("cancelled", "The server is stopping."));
      for (let connection = station.connections[0]; connection !== undefined; connection = station.connections[0]) {
        this.drop(station, connection);
      }
    }
    this.stations.clear();
  }

  private leaseOf(to: Destination, places: number, signal?: AbortSignal): Promise<Lease> {
    if (this.closed) return Promise.reject(new OpsError("cancelled", "The server is stopping."));
    if (signal?.aborted === true) return Promise.reject(new OpsError("cancelled", "It was cancelled before it began."));
    const station = this.stationOf(to, places);
    const free = station.connections.find((connection) => connection.usable && connection.taken < connection.places);
    if (free !== undefined) return Promise.resolve(this.take(station, free));
    return new Promise((resolve, reject) => {
      const leave = (): void => {
        const at = station.waiting.indexOf(waiter);
        if (at >= 0) station.waiting.splice(at, 1);
        waiter.reject(new OpsError("cancelled", "It was cancelled while it waited for a connection."));
      };
      const waiter: Waiter = {
        resolve: (lease) => {
          signal?.removeEventListener("abort", leave);
          resolve(lease);
        },
        reject: (error) => {
          signal?.removeEventListener("abort", leave);
          reject(error);
        },
      };
      signal?.addEventListener("abort", leave, { once: true });
      station.waiting.push(waiter);
      this.openMore(station);
    });
  }

  private stationOf(to: Destination, places: number): Station {
    const key = `${places} ${destinationKey(to)}`;
    const found = this.stations.get(key);
    if (found !== undefined) return found;
    const station: Station = { to, places, connections: [], opening: 0, waiting: [] };
    this.stations.set(key, station);
    return station;
  }

  /** Opens as many connections as those who wait will need, within the limit. */
  private openMore(station: Station): void {
    while (
      station.waiting.length > station.opening * station.places &&
      station.connections.filter((connection) => connection.usable).length + station.opening < this.limits.connections
    ) {
      station.opening += 1;
      void this.open(station);
    }
  }

  private async open(station: Station): Promise<void> {
    try {
      const { client, onClose } = await this.connect(station.to);
      station.opening -= 1;
      if (this.closed) {
        client.destroy();
        onClose();
        return;
      }
      const connection: Connection = { client, places: station.places, taken: 0, served: 0, usable: true, idle: undefined, onClose };
      station.connections.push(connection);
      client.once("close", () => this.drop(station, connection));
      this.serve(station);
      if (connection.taken === 0) this.rest(station, connection);
    } catch (error) {
      station.opening -= 1;
      const failure = error instanceof Error ? error : new Error(String(error));
      // Those who wait may still be served by other connections; without any, nobody else will tell them.
      if (station.opening === 0 && station.connections.every((connection) => !connection.usable)) {
        for (const waiter of station.waiting.splice(0)) waiter.reject(failure);
      }
    }
  }

  /** Connects directly, or by a way through the jump host, on which a place is held for as long as the connection lives. */
  private async connect(to: Destination): Promise<{ client: Client; onClose: () => void }> {
    const { jump } = to;
    if (jump === undefined) return { client: await openConnection(to, this.settings), onClose: () => undefined };
    const lease = await this.leaseOf(jump, this.limits.forwards).catch((error: unknown) => {
      throw isOpsError(error) ? asJumpFailure(error, to) : error;
    });
    try {
      return { client: await openConnection(to, this.settings, () => forward(lease.client, to, jump)), onClose: () => lease.release() };
    } catch (error) {
      lease.release();
      throw error;
    }
  }

  private take(station: Station, connection: Connection): Lease {
    clearTimeout(connection.idle);
    connection.taken += 1;
    const reused = connection.served > 0;
    connection.served += 1;
    let held = true;
    return {
      client: connection.client,
      reused,
      full: () => {
        connection.places = Math.max(1, connection.taken - 1);
        return connection.taken <= 1;
      },
      retire: () => void (connection.usable = false),
      release: () => {
        if (!held) return;
        held = false;
        connection.taken -= 1;
        if (connection.taken === 0 && !connection.usable) this.drop(station, connection);
        else if (connection.taken === 0) this.rest(station, connection);
        this.serve(station);
      },
    };
  }

  /** Gives free places to those who wait, in order. */
  private serve(station: Station): void {
    for (const connection of station.connections) {
      while (connection.usable && connection.taken < connection.places) {
        const waiter = station.waiting.shift();
        if (waiter === undefined) return;
        waiter.resolve(this.take(station, connection));
      }
    }
    this.openMore(station);
  }

  private rest(station: Station, connection: Connection): void {
    clearTimeout(connection.idle);
    connection.idle = setTimeout(() => this.drop(station, connection), this.limits.idleMs);
    connection.idle.unref();
  }

  private drop(station: Station, connection: Connection): void {
    const at = station.connections.indexOf(connection);
    if (at < 0) return;
    station.connections.splice(at, 1);
    connection.usable = false;
    clearTimeout(connection.idle);
    connection.client.end();
    connection.onClose();
    if (!this.closed) this.serve(station);
  }
}

function forward(client: Client, to: Destination, jump: Destination): Promise<Duplex> {
  return new Promise((resolve, reject) => {
    try {
      client.forwardOut("127.0.0.1", 0, to.host, to.port, (error, stream) =>
        error === undefined || error === null ? resolve(stream) : reject(forwardFailure(to, jump, error)),
      );
    } catch (error) {
      reject(forwardFailure(to, jump, error instanceof Error ? error : new Error(String(error))));
    }
  });
}
