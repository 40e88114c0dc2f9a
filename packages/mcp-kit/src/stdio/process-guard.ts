import { boundHeap } from "../bounded-heap.ts";
import type { ServerDefinition } from "../server-definition.ts";

/**
 * While this process serves: what libraries print by `console` goes to stderr, since stdout belongs to the protocol; a
 * rejection that nobody handles is logged, masked, and serving goes on; an uncaught exception is logged, masked, and
 * ends the process with 1, since what it left behind is unknown; garbage is collected before it is much. The function given
 * back undoes it.
 */
export function guardProcess({ logger, redactor }: Pick<ServerDefinition, "logger" | "redactor">): () => void {
  const { log, info, debug, error: toStderr } = console;
  Object.assign(console, { log: toStderr, info: toStderr, debug: toStderr });
  const unbound = boundHeap();
  const words = (error: unknown): string =>
    redactor.text(error instanceof Error ? (error.stack ?? error.message) : String(error)).slice(0, 4000);
  const onRejection = (error: unknown): void => logger.error("a promise was rejected and nobody cared", { error: words(error) });
  const onException = (error: unknown): void => {
    logger.error("an exception was not caught; the process ends", { error: words(error) });
    process.exit(1);
  };
  process.on("unhandledRejection", onRejection);
  process.on("uncaughtException", onException);
  return () => {
    Object.assign(console, { log, info, debug });
    unbound();
    process.off("unhandledRejection", onRejection);
    process.off("uncaughtException", onException);
  };
}
