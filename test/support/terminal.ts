import { spawn } from "node:child_process";
import { join } from "node:path";
import { PYTHON } from "./python.ts";
import { until } from "./processes.ts";

/** A command at a terminal has ended. */
export interface Shown {
  readonly code: number;
  readonly output: string;
}

/** A shell at a terminal, as a person has one. */
export interface Terminal extends AsyncDisposable {
  /** Types a command and waits for its end. Each answer is typed when the command's output ends with its question. */
  run(command: string, answers?: readonly { readonly after: RegExp; readonly text: string }[]): Promise<Shown>;
}

const END = /\u0002(\d+)\u0003/;

/** Opens one; `python` is its pseudo-terminal. Throws where there is no Python. */
export async function openTerminal(options: { cwd: string; env: Readonly<Record<string, string>> }): Promise<Terminal> {
  if (PYTHON === undefined) throw new Error("no Python for a pseudo-terminal");
  const child = spawn(PYTHON, [join(import.meta.dirname, "terminal.py")], {
    cwd: options.cwd,
    env: { ...options.env, TERM: "dumb" },
    stdio: ["pipe", "pipe", "inherit"],
  });
  let shown = "";
  let seen = 0;
  child.stdout.setEncoding("utf8").on("data", (text: string) => (shown += text.replaceAll("\r", "")));
  const ended = new Promise<void>((resolve) => child.once("close", () => resolve()));
  const type = (text: string): void => void child.stdin.write(text);
  const run: Terminal["run"] = async (command, answers = []) => {
    seen = shown.length;
    // The mark is made by printf, so that the command as it is echoed does not look like it.
    type(`${command}\nprintf '\\002%s\\003' "$?"\n`.replace(/\nprintf/, answers.length > 0 ? "; printf" : "\nprintf"));
    for (const { after, text } of answers) {
      await until(() => after.test(shown.slice(seen)), `the question ${after.source} of ${command}; it showed ${shown.slice(seen)}`);
      type(`${text}\n`);
    }
    const [mark, code] = await until(
      () => END.exec(shown.slice(seen)) ?? undefined,
      `the end of ${command}; it showed ${shown.slice(seen)}`,
      90,
    );
    return { code: Number(code), output: shown.slice(seen).replace(mark!, "") };
  };
  type("stty -echo cols 160; PS1=; PS2=\n");
  await run("true");
  return {
    run,
    async [Symbol.asyncDispose]() {
      // What still runs in it goes with its terminal.
      child.kill("SIGKILL");
      await ended;
    },
  };
}
