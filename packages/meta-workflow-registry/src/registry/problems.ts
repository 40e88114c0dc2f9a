import type { Nodes } from "mdast";
import type { Problem } from "../problem.ts";
import { BOUNDS } from "./bounds.ts";
import { placeOf } from "./page.ts";

/** Collects what is wrong with a registry, each with its place; at most `BOUNDS.problems`, then one that says so. */
export class Problems {
  readonly list: Problem[] = [];

  /** The text is read, and this part of it is not used as written. */
  error(code: string, at: Nodes | Place, message: string, suggestion?: string): void {
    this.#add("error", code, at, message, suggestion);
  }

  /** The text is used as written; it may not be what was meant. */
  warning(code: string, at: Nodes | Place, message: string, suggestion?: string): void {
    this.#add("warning", code, at, message, suggestion);
  }

  #add(severity: Problem["severity"], code: string, at: Nodes | Place, message: string, suggestion?: string): void {
    if (this.list.length > BOUNDS.problems) return;
    const { line, column } = "type" in at ? placeOf(at) : at;
    if (this.list.length === BOUNDS.problems) {
      this.list.push({ code: "too_many_problems", severity: "error", message: "There are more problems than are listed.", line, column });
      return;
    }
    this.list.push({ code, severity, message, line, column, ...(suggestion === undefined ? {} : { suggestion }) });
  }
}

/** 1-based. */
export interface Place {
  readonly line: number;
  readonly column: number;
}

/** A text of at most `limit` characters; a longer one is cut, and that is said. */
export function bounded(text: string, what: string, at: Nodes, problems: Problems, limit: number = BOUNDS.name): string {
  if (text.length <= limit) return text;
  problems.error("too_long", at, `${what} has ${text.length} characters; at most ${limit} are read.`, "Say it in fewer words.");
  // Half a character at the cut would make the text unfit for UTF-8.
  return text
    .slice(0, limit)
    .replace(/\p{Surrogate}$/u, "")
    .trim();
}

/** A word of the text in a message. */
export function shown(text: string): string {
  return JSON.stringify(text.length > 60 ? `${text.slice(0, 60)}…` : text);
}
