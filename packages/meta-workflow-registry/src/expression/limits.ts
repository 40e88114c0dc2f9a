// Bounds of one expression and of one evaluation. An evaluation happens in workflow code, where nothing may be slow: with all
// of them exhausted it still ends in well under a second.

/** Characters of one expression. */
export const MAX_SOURCE = 4_000;
/** What the parser allows: see Environment's `limits`. */
export const PARSE_LIMITS = { maxAstNodes: 2_000, maxDepth: 60, maxListElements: 500, maxMapEntries: 200, maxCallArguments: 8 };
/** Characters of a text that an expression makes. */
export const MAX_TEXT = 512 * 1024;
/** Values in a list or map, all levels counted, that an expression makes or compares. */
export const MAX_ITEMS = 50_000;
/** Units of work of one evaluation: about one for each call, each turn of a macro, and each value looked at. */
export const MAX_WORK = 500_000;
/** Characters that regular expressions may look at in one evaluation, weighed by the size of the pattern. */
export const MAX_REGEX_WORK = 10_000_000;
/** Characters of a regular expression. */
export const MAX_PATTERN = 1_000;
/** Nesting of values that go in or come out. */
export const MAX_VALUE_DEPTH = 100;
