import type { Terminal } from "../command.ts";
import { paint } from "./paint.ts";

const CLEAR_LINE = "\r\u001b[2K";

/** What is going on, told on stderr: one line that changes at a terminal, elsewhere a line for each. */
export interface Progress {
  /** What is being done now. */
  say(text: string): void;
  /** Takes the changing line away. What comes after it is printed in its place. */
  end(): void;
}

/** Starts telling. */
export function progressOn(terminal: Pick<Terminal, "isTTY" | "columns" | "color" | "stderr">): Progress {
  let isShown = false;
  return {
    say(text) {
      if (!terminal.isTTY || !terminal.color) return terminal.stderr(`${text}\n`);
      const line = [...text.replaceAll(/\s+/g, " ")].slice(0, Math.max(10, terminal.columns - 3)).join("");
      terminal.stderr(`${CLEAR_LINE}${paint(terminal, "quiet", `… ${line}`)}`);
      isShown = true;
    },
    end() {
      if (isShown) terminal.stderr(CLEAR_LINE);
      isShown = false;
    },
  };
}
