import type { ParsedText, Problem } from "./infra-config.ts";
import { nearestName } from "./nearest-name.ts";
import { printable } from "./printable.ts";

/** A problem, and what it is about, by which the loader chooses the failure's code and first words. */
export type ProblemTopic = "shape" | "rule" | "path";

export interface ProblemOptions {
  suggestion?: string | undefined;
  nearest?: { written: string; accepted: Iterable<string> };
  at?: "key" | "value";
  topic?: ProblemTopic;
}

const MAX_PROBLEMS = 500;
const MAX_SUGGESTIONS = 50;

/** Collects every problem of one configuration, each with its place in the text where there is one. */
export class ProblemList {
  readonly problems: (Problem & { topic: ProblemTopic })[] = [];
  private readonly positionOf: ParsedText["positionOf"];

  constructor(positionOf: ParsedText["positionOf"] = () => undefined) {
    this.positionOf = positionOf;
  }

  /**
   * Adds a problem. `nearest` is a wrong name with the accepted ones, from which the suggestion is taken. Of a hopeless
   * text, only the first problems are kept and fewer get a suggestion: a thousand wrong names would take minutes.
   */
  add(message: string, path: string, options: ProblemOptions = {}): void {
    if (this.problems.length >= MAX_PROBLEMS) return;
    const { nearest, at = "value", topic = "rule" } = options;
    const isEarly = this.problems.length < MAX_SUGGESTIONS;
    const suggestion =
      options.suggestion ?? (nearest === undefined || !isEarly ? undefined : nearestName(nearest.written, nearest.accepted));
    const place = this.nearestPlace(path, at);
    this.problems.push({ message, path, ...place, ...(suggestion === undefined ? {} : { suggestion }), topic });
  }

  /** The place of that part or, where it was not written, of the nearest part around it. */
  private nearestPlace(path: string, at: "key" | "value") {
    for (let part = path; ; part = part.replace(/(\.[^.[\]]+|\[[^\]]*\]|^[^.[\]]+)$/, "")) {
      const place = (part === path && at === "key" ? this.positionOf(part, "key") : undefined) ?? this.positionOf(part);
      if (place !== undefined || part === "") return place;
      if (!/(\.[^.[\]]+|\[[^\]]*\]|^[^.[\]]+)$/.test(part)) return this.positionOf("");
    }
  }
}

/** What kind of thing a value is, in words for a message. */
export function kindOfValue(value: unknown): string {
  if (value === null || value === undefined) return "nothing";
  if (Array.isArray(value)) return "a list";
  if (typeof value === "object") return "a mapping";
  return { string: "text", number: "a number", boolean: "true or false" }[typeof value as string] ?? "something else";
}

/** One problem on one line: message, suggestion, place. */
export function problemLine(problem: Problem): string {
  const hint = problem.suggestion === undefined ? "" : ` (did you mean ${printable(problem.suggestion)}?)`;
  const place = [problem.path, problem.line === undefined ? "" : `line ${problem.line}, column ${problem.column ?? 1}`]
    .filter((part) => part !== "")
    .join(", ");
  return `${problem.message}${hint}${place === "" ? "" : ` [${place}]`}`;
}
