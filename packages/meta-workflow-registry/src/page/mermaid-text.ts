import { plainLine } from "./plain-text.ts";

// What may end a quoted label or mean something in one: quotes, brackets, statement ends, entities, HTML, directives (`%%{`),
// Markdown marks (Mermaid reads labels as Markdown). All are written as Mermaid's entities, `#34;`.
const SPECIAL = /["#;<>&`[\](){}|\\%*~@^$=]/g;
// At the start of a label these would be a list, which Mermaid refuses.
const LIST = /^(?:[-+]|\d+(?=[.)]))/;
const EMPHASIS = /(?<![A-Za-z0-9])_|_(?![A-Za-z0-9])/g;
const LINK = /:\/\/|www\./gi;
// Before anything else Mermaid looks for `style…:…#…;` and `classDef…` in each line, and eats a character there.
const STYLE = /style|classdef/i;

const entity = (text: string): string => [...text].map((one) => `#${one.codePointAt(0)};`).join("");

/** Any text as the inside of a quoted Mermaid label: one line, at most `limit` characters, never able to end the label. */
export function labelText(text: string, limit = 60): string {
  const line = plainLine(text, limit);
  const escaped = line.replaceAll(SPECIAL, entity).replaceAll(EMPHASIS, entity).replaceAll(LINK, entity);
  const guarded = STYLE.test(line) ? escaped.replaceAll(":", entity) : escaped;
  const started = guarded.replace(LIST, entity);
  return started === "" ? "#32;" : started;
}

/** Any text as a name in a gantt chart, where a colon ends it. */
export function ganttText(text: string, limit = 60): string {
  return labelText(text, limit).replaceAll(":", entity).replaceAll(",", entity);
}
