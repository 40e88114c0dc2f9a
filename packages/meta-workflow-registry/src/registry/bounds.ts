// What is read at most. Markdown's worst cases are quadratic in lines and in what is nested: within these bounds the worst
// that was found takes one or two seconds. A registry of forty workflows with long steps has 2,000 lines and 150,000 characters.
export const BOUNDS = {
  /** Characters of the whole text. */
  text: 256 * 1024,
  lines: 6_000,
  /** Columns of a table: `|` on one line. */
  columns: 64,
  /** Cells of all tables: `|` in the text. A thousand workflows have seven thousand. */
  cells: 20_000,
  /** Quotes and lists inside each other at the start of one line: each costs every following line. */
  nesting: 16,
  /** Markers behind the first of a line (`- > - `), in the whole text. */
  stacked: 500,
  workflows: 1_000,
  triggers: 50,
  steps: 200,
  /** Bullets under one label. */
  items: 300,
  /** Characters of one bullet. */
  item: 8_000,
  /** Characters of a name, a title, a trigger. */
  name: 300,
  problems: 200,
} as const;
