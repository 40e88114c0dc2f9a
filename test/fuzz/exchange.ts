import { connect, type Socket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import type { HttpCase } from "./http-case.ts";
import { leakIn } from "./session.ts";

/** How long an answer may take, in milliseconds. */
const PATIENCE_MS = 30_000;

/** One connection: all that came back until it was closed. */
export async function exchange(port: number, { pieces, then }: Pick<HttpCase, "pieces" | "then">): Promise<string> {
  const socket = connect({ host: "127.0.0.1", port, allowHalfOpen: true });
  let answer = "";
  socket.setEncoding("latin1").on("data", (text: string) => (answer += text));
  const closed = whenClosed(socket);
  await new Promise<void>((resolve) => socket.once("connect", resolve).once("error", () => resolve()));
  for (const [at, piece] of pieces.entries()) {
    if (at > 0) await sleep(5);
    socket.write(piece);
  }
  if (then === "half") socket.end();
  if (then === "leave") {
    await sleep(2);
    socket.destroy();
  }
  await within(closed);
  socket.destroy();
  return answer;
}

/** Resolves when the other side has ended, or the connection has. */
export function whenClosed(socket: Socket): Promise<void> {
  return new Promise((resolve) => {
    // A server that has answered may close while the rest is still being sent.
    socket
      .on("error", () => resolve())
      .on("end", () => resolve())
      .on("close", () => resolve());
  });
}

/** Resolves with the promise, at the latest when nobody would wait any longer. */
export async function within(done: Promise<void>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  await Promise.race([done, new Promise((resolve) => (timer = setTimeout(resolve, PATIENCE_MS)))]);
  clearTimeout(timer);
}

/** The status of the first answer; 0 where there was none. */
export const statusOf = (answer: string): number => Number(/^HTTP\/1\.1 (\d{3})/.exec(answer)?.[1] ?? 0);

/** What is wrong with an answer; undefined where nothing is. */
export function faultOf({ kind, accepted, answers, pieces }: HttpCase, answer: string): string | undefined {
  const status = statusOf(answer);
  const sent = (): string =>
    Buffer.concat([...pieces])
      .toString("latin1")
      .replaceAll(/Bearer \S+/g, "Bearer …")
      .slice(0, 600);
  if (!accepted.includes(status)) return `${kind}: status ${status} for ${JSON.stringify(sent())}: ${answer.slice(0, 400)}`;
  const came = answer.match(/HTTP\/1\.1 \d{3} /g)?.length ?? 0;
  if (answers !== undefined && came !== answers) return `${kind}: ${came} answers, not ${answers}, for ${JSON.stringify(sent())}`;
  if (/"code":-32603/.test(answer)) return `${kind}: an internal error for ${JSON.stringify(sent())}: ${answer.slice(-400)}`;
  const leak = leakIn(answer);
  return leak === undefined ? undefined : `${kind}: said ${leak} for ${JSON.stringify(sent())}`;
}
