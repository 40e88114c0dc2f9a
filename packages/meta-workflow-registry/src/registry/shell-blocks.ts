import type { Code, Nodes } from "mdast";
import { placeOf } from "./page.ts";
import type { ShellBlock } from "./registry.ts";

const SCRIPT = /^(?:ba|z)?sh$|^shell$/;
/** What a terminal showed: commands behind a prompt, and what came out. */
const SESSION = /^(?:console|shell-?session|sh-session|terminal)$/;
const PROMPT = /^[$%][ \t]+/;
const CONTINUED = /^>[ \t]+/;

/** The shell blocks in a node, in their order, however deep in lists and quotes. */
export function shellBlocksIn(node: Nodes): readonly ShellBlock[] {
  if (node.type === "code") {
    const text = commandsOf(node);
    return text === undefined || text === "" ? [] : [{ language: languageOf(node), text, line: placeOf(node).line }];
  }
  return "children" in node ? node.children.flatMap(shellBlocksIn) : [];
}

function languageOf(code: Code): string {
  return (code.lang ?? "").toLowerCase();
}

function commandsOf(code: Code): string | undefined {
  const language = languageOf(code);
  const lines = code.value.split("\n");
  if (SESSION.test(language)) return typed(lines);
  if (!SCRIPT.test(language)) return undefined;
  const first = lines.find((line) => line.trim() !== "" && !line.startsWith("#"));
  // A script block whose first line shows a prompt is a session under another name.
  return first !== undefined && PROMPT.test(first) ? typed(lines) : code.value.trim();
}

function typed(lines: readonly string[]): string {
  const commands: string[] = [];
  let behindCommand = false;
  for (const line of lines) {
    if (PROMPT.test(line)) commands.push(line.replace(PROMPT, ""));
    else if (behindCommand && CONTINUED.test(line)) commands.push(line.replace(CONTINUED, ""));
    else {
      behindCommand = false;
      continue;
    }
    behindCommand = true;
  }
  return commands.join("\n").trim();
}
