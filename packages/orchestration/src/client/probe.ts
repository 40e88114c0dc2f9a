import { connect } from "node:net";
import { splitAddress } from "./connection-target.ts";

/**
 * Whether something accepts TCP connections there, within `timeoutMs`. The SDK waits out its whole connect timeout on a
 * refused connection, so this is asked first.
 */
export function tcpProbe(address: string, timeoutMs: number): Promise<"open" | "refused" | "silent"> {
  const { host, port } = splitAddress(address);
  return new Promise((resolve) => {
    const socket = connect({ host, port });
    const end = (answer: "open" | "refused" | "silent"): void => {
      clearTimeout(timer);
      socket.destroy();
      resolve(answer);
    };
    const timer = setTimeout(end, timeoutMs, "silent" as const);
    socket.once("connect", () => end("open"));
    socket.once("error", () => end("refused"));
  });
}
