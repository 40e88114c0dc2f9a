import { mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { Terminal } from "./terminal.ts";

// A tutorial as a program. A paragraph that ends with a path in backquotes and a colon is followed by a block that is that
// file. A block of the language `console` is a talk at a terminal: `$ ` before what is typed, `> ` before what is answered,
// else what is shown; `…` stands for anything, and in a command for the first word so begun of the last output that has one.

/** One thing that a reader does. */
export type TutorialStep =
  | { readonly does: "write"; readonly line: number; readonly path: string; readonly text: string }
  | {
      readonly does: "run";
      readonly line: number;
      readonly command: string;
      readonly answers: readonly string[];
      readonly shown: readonly string[];
    };

/** Reads a tutorial. Throws for a block that is neither file nor talk: nothing in a tutorial is only to be looked at. */
export function stepsOf(markdown: string): TutorialStep[] {
  const blocks = [...markdown.matchAll(/^```(\w*)\n([^]*?)^```$/gm)];
  return blocks.flatMap(({ 0: whole, 1: language, 2: text = "", index }): TutorialStep[] => {
    const line = markdown.slice(0, index).split("\n").length;
    if (language === "console") return talk(text, line);
    const path = /`([^`\n]+)`:\n\n$/.exec(markdown.slice(0, index))?.[1];
    if (path === undefined) throw new Error(`line ${line}: a block that is neither a file nor a talk at a terminal: ${whole.slice(0, 60)}`);
    return [{ does: "write", line, path, text }];
  });
}

function talk(text: string, first: number): TutorialStep[] {
  const steps: { does: "run"; line: number; command: string; answers: string[]; shown: string[] }[] = [];
  for (const [at, line] of text.trimEnd().split("\n").entries()) {
    const step = steps.at(-1);
    if (line.startsWith("$ ")) steps.push({ does: "run", line: first + at + 1, command: line.slice(2), answers: [], shown: [] });
    else if (step === undefined) throw new Error(`line ${first + at + 1}: shown before anything was typed`);
    else if (line.startsWith("> ")) step.answers.push(line.slice(2));
    else if (line !== "" && line !== "…") step.shown.push(line);
  }
  return steps;
}

/** Does what a tutorial says, in a folder. Throws, with the line of the tutorial, where something else happens than it says. */
export async function follow(steps: readonly TutorialStep[], terminal: Terminal, folder: string): Promise<void> {
  const outputs: string[] = [];
  for (const step of steps) {
    if (step.does === "write") {
      const path = join(folder, step.path);
      await mkdir(dirname(path), { recursive: true });
      await writeFile(path, step.text, { mode: 0o600 });
      continue;
    }
    const command = step.command.replaceAll(/[\w./-]+…/g, (start) => wordOf(outputs, start.slice(0, -1)) ?? start);
    const question = /(?:: ?|\? ?)$/;
    const { code, output } = await terminal.run(
      command,
      step.answers.map((text) => ({ after: question, text })),
    );
    outputs.unshift(output);
    const missing = firstMissing(step.shown, output);
    if (missing !== undefined) throw new Error(`line ${step.line}: ${command}\ndid not show: ${missing}\nbut:\n${output}`);
    if (code !== 0) throw new Error(`line ${step.line}: ${command}\nended with ${code}:\n${output}`);
  }
}

/** `outputs`: the newest first. */
function wordOf(outputs: readonly string[], start: string): string | undefined {
  const words = outputs.flatMap((output) => output.split(/(?:[\s"',;()]|\\[nt"])+/));
  return words.find((word) => word.startsWith(start) && word.length > start.length);
}

/** The first of the lines that is not in the output, behind those before it. */
function firstMissing(lines: readonly string[], output: string): string | undefined {
  const given = output.split("\n");
  let at = 0;
  return lines.find((line) => {
    const words = line
      .trim()
      .split("…")
      .map((part) => part.replaceAll(/[.*+?^${}()|[\]\\]/g, "\\$&").replaceAll(/\s+/g, "\\s+"));
    const pattern = new RegExp(`^\\s*${words.join(".*")}\\s*$`);
    const found = given.findIndex((one, index) => index >= at && pattern.test(one));
    if (found === -1) return true;
    at = found + 1;
    return false;
  });
}
