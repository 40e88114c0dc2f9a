import type { Terminal } from "@platform-ops/ledger";

/** The standard streams of a process, as far as a terminal needs them. */
export interface StandardStreams {
  readonly stdin: NodeJS.ReadStream;
  readonly stdout: NodeJS.WriteStream;
  readonly stderr: NodeJS.WriteStream;
}

/** The terminal of a process. `noColor` is the operator's wish (NO_COLOR), which only the configuration reads. */
export function processTerminal({ stdin, stdout, stderr }: StandardStreams, options: { noColor: boolean }): Terminal {
  const isTTY = stdin.isTTY === true && stdout.isTTY === true;
  // A reader that went away (`| head`) is no failure of ours.
  const quiet = (stream: NodeJS.WriteStream) => (text: string) => void stream.write(text, () => undefined);
  stdout.on("error", () => undefined);
  const ask = async (question: string): Promise<string> => {
    const { createInterface } = await import("node:readline/promises");
    const lines = createInterface({ input: stdin, output: stdout });
    try {
      return await lines.question(question);
    } finally {
      lines.close();
    }
  };
  return {
    stdout: quiet(stdout),
    stderr: quiet(stderr),
    isTTY,
    color: stdout.isTTY === true && !options.noColor,
    columns: stdout.columns ?? 80,
    ...(isTTY && { ask }),
  };
}
