import type { Terminal } from "@platform-ops/ledger";
import { guarded } from "@platform-ops/ledger/start-up";

/** The standard streams of a process, as far as a terminal needs them. */
export interface StandardStreams {
  readonly stdin: NodeJS.ReadStream;
  readonly stdout: NodeJS.WriteStream;
  readonly stderr: NodeJS.WriteStream;
}

/** When texts are coloured: as the operator wishes, else at a terminal that can show colours. */
export type ColorWish = "always" | "never" | "terminal";

/**
 * The wish of an environment, as Node and most programs read it: FORCE_COLOR (but 0 and false) over NO_COLOR, and none where
 * TERM says that the terminal knows no control characters. https://no-color.org, https://force-color.org
 */
export function colorWish({ FORCE_COLOR, NO_COLOR, TERM }: Readonly<Record<string, string | undefined>>): ColorWish {
  if (FORCE_COLOR !== undefined && FORCE_COLOR !== "") return FORCE_COLOR === "0" || FORCE_COLOR === "false" ? "never" : "always";
  return (NO_COLOR ?? "") !== "" || TERM === "dumb" ? "never" : "terminal";
}

/** The terminal of a process. `color` is the operator's wish, which only the configuration reads. */
export function processTerminal({ stdin, stdout, stderr }: StandardStreams, options: { color: ColorWish }): Terminal {
  const isTTY = stdin.isTTY === true && stdout.isTTY === true;
  // Of each write the callback tells what went wrong.
  stdout.on("error", () => undefined);
  let failure: NodeJS.ErrnoException | undefined;
  let written: Promise<void> | undefined;
  const write = (stream: NodeJS.WriteStream, text: string, done: (error?: Error | null) => void): void =>
    void stream.write(stream.isTTY === true ? guarded(text) : text, done);
  const ask = async (question: string): Promise<string> => {
    const { createInterface } = await import("node:readline/promises");
    const lines = createInterface({ input: stdin, output: stdout });
    try {
      return await lines.question(guarded(question));
    } finally {
      lines.close();
    }
  };
  return {
    stdout(text) {
      written = new Promise((resolve) =>
        write(stdout, text, (error) => {
          failure ??= error ?? undefined;
          resolve();
        }),
      );
    },
    stderr: (text) => write(stderr, text, () => undefined),
    isTTY,
    color: options.color === "always" || (options.color === "terminal" && stdout.isTTY === true),
    columns: stdout.columns ?? 80,
    ...(isTTY && { ask }),
    async lost() {
      await written;
      // A reader that went away (`| head`) is no failure of ours.
      return failure?.code === "EPIPE" ? undefined : failure;
    },
  };
}
