// What is read at most. A registry of forty workflows with long steps is about 150,000 characters.
export const BOUNDS = {
  /** Characters of the whole text; Markdown's worst cases stay under a second below it. */
  text: 256 * 1024,
  lines: 12_000,
  /** Nested quotes and lists at the start of one line: each costs every following line. */
  nesting: 24,
  workflows: 1_000,
  triggers: 50,
  steps: 200,
  items: 300,
  /** Characters of one bullet. */
  item: 8_000,
  /** Characters of a name, a title, a trigger. */
  name: 300,
  problems: 200,
} as const;
