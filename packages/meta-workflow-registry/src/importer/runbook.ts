import type { ListItem, RootContent } from "mdast";
import { outOfBounds } from "../registry/bounded-text.ts";
import { cleanText, inlineOf, oneLine, parsePage, placeOf, sourceOf, type Page } from "../registry/page.ts";
import { shellBlocksIn } from "../registry/shell-blocks.ts";
import { Ids, stepIdOf, workflowIdOf } from "./identifiers.ts";
import { finished, type Imported } from "./import-definition.ts";
import { Importing } from "./importing.ts";
import type { Piece } from "./jinja/template.ts";
import { withGates } from "./prose-gates.ts";
import { asWritten } from "./as-written.ts";
import { shellText } from "./shell-command.ts";

const NUMBERED = /^(?:step\s+)?\d+\s*[.:)–-]\s*/i;
// `<node>`: what a reader is to fill in. Not `<in`, which redirects.
const PLACEHOLDER = /<([A-Za-z][A-Za-z0-9_ .-]{0,38}[A-Za-z0-9])>/g;

type Made = Record<string, unknown>;

/**
 * A wiki's runbook (headings, numbered steps, fenced shell blocks) as a draft: one prompt for each numbered step, and each shell
 * block as a step of its own that the client runs. `<placeholders>` in commands become inputs. What is not taken over is told.
 */
export function importRunbook(markdown: string): Imported {
  const lines: number[] = [];
  const importing = new Importing(([first, index]) => {
    const line = typeof first === "number" ? first : first === "steps" && typeof index === "number" ? lines[index] : undefined;
    return { line: line ?? 1, column: 1 };
  });
  const excess = outOfBounds(markdown);
  if (excess !== undefined) {
    importing.error("TOO_LARGE", [excess.line], excess.message);
    return { problems: importing.problems, changes: [] };
  }
  return new Runbook(parsePage(cleanText(markdown).text), importing, lines).imported();
}

class Runbook {
  readonly #page: Page;
  readonly #importing: Importing;
  readonly #ids = new Ids();
  readonly #steps: Made[] = [];
  readonly #inputs = new Map<string, string>();
  #title = "";
  readonly #about: string[] = [];
  #section = "";

  /** The line of each step. */
  readonly #lines: number[];

  constructor(page: Page, importing: Importing, lines: number[]) {
    this.#page = page;
    this.#importing = importing;
    this.#lines = lines;
  }

  imported(): Imported {
    const { blocks } = this.#page;
    for (let at = 0; at < blocks.length;) at = this.#block(blocks, at);
    if (this.#steps.length === 0)
      this.#importing.error(
        "MISSING_REQUIRED_FIELD",
        [1],
        "There is no numbered step and no shell block.",
        "Number the steps: `1. …`, or `## 1. …`.",
      );
    const steps = this.#gated();
    const name = this.#title === "" ? "Imported runbook" : this.#title.slice(0, 120);
    const inputs = [...this.#inputs].map(([id, words]) => [id, { type: "string", minLength: 1, description: words }] as const);
    const document = {
      schema: "meta-workflow/v1",
      id: workflowIdOf(name.replaceAll(":", " ")),
      name,
      ...(this.#about.length === 0 ? {} : { description: this.#about.join("\n\n").slice(0, 4_000) }),
      version: "0.1.0",
      status: "draft",
      inputs: {
        type: "object",
        additionalProperties: false,
        ...(inputs.length === 0 ? {} : { required: inputs.map(([id]) => id) }),
        properties: Object.fromEntries(inputs),
      },
      steps,
    };
    return finished(document, new Map(), this.#importing);
  }

  /** The steps with the gates that they themselves ask for; each line of the page stays with what it became. */
  #gated(): Made[] {
    const groups: { steps: Made[]; line: number; lines: number[] }[] = [];
    for (const [index, step] of this.#steps.entries()) {
      const line = this.#lines[index] ?? 1;
      const last = groups.at(-1);
      if (step["type"] === "prompt" || last === undefined) groups.push({ steps: [step], line, lines: [line] });
      else {
        last.steps.push(step);
        last.lines.push(line);
      }
    }
    const pathOf = (group: number): (string | number)[] => [groups[group]?.line ?? 1];
    const gated = withGates({ steps: groups.map(({ steps }) => steps), pathOf }, this.#ids, this.#importing);
    const lines = gated.flatMap((steps, index) => {
      const { line, lines: own } = groups[index] ?? groups.at(-1) ?? { line: 1, lines: [] };
      return steps.map((_, at) => own[at - (steps.length - own.length)] ?? line);
    });
    this.#lines.splice(0, this.#lines.length, ...lines);
    return gated.flat();
  }

  #block(blocks: readonly RootContent[], at: number): number {
    const block = blocks[at];
    if (block === undefined) return at + 1;
    if (block.type === "heading") return this.#heading(blocks, at);
    if (block.type === "list" && block.ordered === true) {
      for (const item of block.children) this.#item(item);
    } else if (shellBlocksIn(block).length > 0) this.#commands([block], this.#section === "" ? "Run" : this.#section);
    else if (this.#steps.length === 0 && this.#section === "") this.#about.push(oneLine(sourceOf(this.#page, [block])));
    else this.#leftOut(block);
    return at + 1;
  }

  #heading(blocks: readonly RootContent[], at: number): number {
    const heading = blocks[at];
    if (heading?.type !== "heading") return at + 1;
    const words = inlineOf(this.#page, heading);
    if (this.#title === "" && this.#steps.length === 0 && !NUMBERED.test(words)) {
      this.#title = words;
      return at + 1;
    }
    if (!NUMBERED.test(words)) {
      this.#section = words;
      return at + 1;
    }
    let end = at + 1;
    while (end < blocks.length && !(blocks[end]?.type === "heading" && (blocks[end] as { depth: number }).depth <= heading.depth)) end++;
    this.#step(words.replace(NUMBERED, "") || words, blocks.slice(at + 1, end), placeOf(heading).line);
    return end;
  }

  #item(item: ListItem): void {
    const [first, ...rest] = item.children;
    const words = first === undefined ? "" : sourceOf(this.#page, [first]);
    const [title = ""] = words.split(/\n|(?<=[.!?:])(?:\*\*|__)?\s/, 1);
    const isOnlyTitle = first?.type === "paragraph" && oneLine(words) === oneLine(title);
    const bare = oneLine(title)
      .replaceAll(/\*\*|__/g, "")
      .replace(/[:.]$/, "");
    this.#step(bare === "" ? "Step" : bare, isOnlyTitle ? rest : item.children, placeOf(item).line);
  }

  #step(title: string, blocks: readonly RootContent[], line: number): void {
    const prose = blocks.filter((block) => !isCommand(block));
    const text = prose.map((block) => sourceOf(this.#page, [block])).join("\n\n");
    this.#lines.push(line);
    this.#steps.push({
      id: this.#ids.take(title),
      type: "prompt",
      title: asWritten(title).slice(0, 200),
      instructions: asWritten(text === "" ? title : text).slice(0, 19_000),
    });
    this.#importing.told([line], `“${title.slice(0, 60)}” is a prompt for an agent.`);
    this.#commands(blocks, title);
  }

  #commands(blocks: readonly RootContent[], title: string): void {
    const commands = blocks.flatMap((block) => [...shellBlocksIn(block)]);
    for (const { text, line } of commands) {
      const { command, env } = shellText(this.#pieces(text, line));
      this.#importing.told([line], "the shell block is a step that the client runs; the server starts no shell.");
      this.#lines.push(line);
      this.#steps.push({
        id: this.#ids.take(`run_${stepIdOf(title)}`),
        type: "shell",
        title: asWritten(`Run: ${title}`).slice(0, 200),
        runs_on: "client",
        command: command.slice(0, 9_900),
        ...(Object.keys(env).length === 0 ? {} : { env }),
      });
    }
  }

  /** Placeholders in a command are inputs. */
  #pieces(text: string, line: number): Piece[] {
    const pieces: Piece[] = [];
    let at = 0;
    for (const found of text.matchAll(PLACEHOLDER)) {
      const [all, words = ""] = found;
      const id = stepIdOf(words);
      if (this.#inputs.size >= 50 && !this.#inputs.has(id)) continue;
      if (!this.#inputs.has(id)) this.#importing.told([line], `\`${all}\` is the input \`${id}\`.`);
      this.#inputs.set(id, words);
      pieces.push({ words: text.slice(at, found.index) }, { cel: `inputs.${id}`, block: false });
      at = found.index + all.length;
    }
    return [...pieces, { words: text.slice(at) }];
  }

  #leftOut(block: RootContent): void {
    const where = this.#section === "" ? "" : ` under “${this.#section.slice(0, 60)}”`;
    this.#importing.told([placeOf(block).line], `text${where} is left out: it is in no numbered step. Keep it in SKILL.md, or number it.`);
  }
}

/** A block that is a shell block and nothing else. */
function isCommand(block: RootContent): boolean {
  return block.type === "code" && shellBlocksIn(block).length > 0;
}
