import { request } from "node:http";
import { join } from "node:path";
import { isSameProcess } from "../process/process-table.ts";
import { readHolder } from "../supervisor/lock.ts";
import { socketPath } from "../supervisor/protocol.ts";

/** Milliseconds between the end of a connection and the look at who holds the lock; clients look one after the other. */
const LOOK_AFTER = 1_200;
const LOOK_SPREAD = 1_000;

/**
 * Calls `onKilled`, once, when the supervisor of a data directory was killed: its connection has ended and its lock is held
 * by nobody who lives. One that ended by itself or was stopped has taken its lock away, and nothing is told. A successor is
 * watched in its turn. Costs an open connection, keeps no process alive, and does not count as use.
 */
export function watchSupervisor(home: string, onKilled: () => void): { close(): void } {
  let closed = false;
  let close = (): void => undefined;
  const look = (): void => {
    const holder = readHolder(join(home, "supervisor", "lock"));
    if (closed || holder === undefined) return;
    if (isSameProcess(holder)) watch();
    else onKilled();
  };
  const watch = (): void => {
    const call = request({ socketPath: socketPath(home), method: "GET", path: "/watch", agent: false });
    close = () => call.destroy();
    call.on("socket", (socket) => socket.unref());
    call.on("response", (response) => {
      // An older supervisor does not know the request: then nobody is watched.
      closed ||= response.statusCode !== 200;
      response.resume();
      response.on("error", () => undefined);
    });
    call.on("error", () => undefined);
    call.on("close", () => void setTimeout(look, LOOK_AFTER + Math.random() * LOOK_SPREAD).unref());
    call.end();
  };
  watch();
  return {
    close() {
      closed = true;
      close();
    },
  };
}
