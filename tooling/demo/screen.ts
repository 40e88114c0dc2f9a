import { styleText } from "node:util";

const colour = process.stdout.isTTY === true && process.env["NO_COLOR"] === undefined;
type Style = Parameters<typeof styleText>[0];

const paint = (style: Style, text: string): string => (colour ? styleText(style, text) : text);

/** A numbered heading of the demo. */
export function heading(text: string): void {
  process.stdout.write(`\n${paint(["bold", "cyan"], `── ${text} ${"─".repeat(Math.max(0, 76 - text.length))}`)}\n`);
}

/** What the demo itself says, apart from what the server answers. */
export function say(text: string): void {
  process.stdout.write(`${paint("gray", text)}\n`);
}

/** What the server answered, as it stands. */
export function show(text: string): void {
  process.stdout.write(`${text}\n`);
}

/** A tool call as the agent makes it. */
export function call(name: string, args: unknown): void {
  process.stdout.write(`${paint("yellow", `→ ${name}`)} ${JSON.stringify(args)}\n`);
}

/** A form as a person would see it. */
export function form(message: string, fields: readonly string[]): void {
  const lines = [...message.split("\n"), "", ...fields].flatMap((line) => line.match(/.{1,96}(\s|$)/g) ?? [""]);
  const width = Math.max(...lines.map((line) => line.length)) + 2;
  process.stdout.write(`${paint("magenta", `┌${"─".repeat(width)}┐`)}\n`);
  for (const line of lines) process.stdout.write(`${paint("magenta", "│")} ${line.padEnd(width - 1)}${paint("magenta", "│")}\n`);
  process.stdout.write(`${paint("magenta", `└${"─".repeat(width)}┘`)}\n`);
}

/** One workspace in the drawing. */
export interface DrawnWorkspace {
  readonly name: string;
  readonly needs: readonly string[];
  readonly phase: string;
  readonly seconds?: number;
}

/** The DAG as a tree by depth, each workspace with what it needs, its end and its time. */
export function drawDag(workspaces: readonly DrawnWorkspace[]): string {
  const byName = new Map(workspaces.map((w) => [w.name, w]));
  const depth = (name: string): number => Math.max(0, ...(byName.get(name)?.needs ?? []).map((need) => depth(need) + 1));
  const width = Math.max(...workspaces.map((w) => w.name.length + depth(w.name) * 4));
  return [...workspaces]
    .sort((a, b) => depth(a.name) - depth(b.name) || a.name.localeCompare(b.name))
    .map((w) => {
      const at = depth(w.name);
      const label = `${"    ".repeat(Math.max(0, at - 1))}${at > 0 ? "└── " : ""}${w.name}`;
      const needs = w.needs.length > 0 ? `  needs ${w.needs.join(", ")}` : "";
      return `  ${label.padEnd(width)}  ${w.phase.padEnd(10)} ${w.seconds === undefined ? "" : `${w.seconds.toFixed(1)} s`.padStart(6)}${needs}`;
    })
    .join("\n");
}
