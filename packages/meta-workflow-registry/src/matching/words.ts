// Words as they are compared: in lower case, without apostrophes, without the endings that only grammar gives them.

export interface Word {
  /** In lower case. */
  readonly plain: string;
  readonly stem: string;
  /** Where it stands in the text. */
  readonly start: number;
  readonly end: number;
}

const WORD = /[\p{L}\p{N}]+(?:['’][\p{L}\p{N}]+)*/gu;
/** Words that nearly every wish has; they count only where there is nothing else. */
const EMPTY = new Set(
  "a an and are as at be but by can could do does for from have i id if im in into is it its like lets let me my need of on or our please so some that the them then there this to up us want was we what when will with would you your".split(
    " ",
  ),
);

/** The words of a text, in their order. */
export function wordsOf(text: string): readonly Word[] {
  return [...text.matchAll(WORD)].map(({ 0: found, index }) => {
    const plain = found.normalize("NFKC").toLowerCase().replaceAll(/['’]/g, "");
    return { plain, stem: stemOf(plain), start: index, end: index + found.length };
  });
}

/** The words that carry meaning, in their order; all of them where none does. */
export function meaningfulWords(words: readonly Word[]): readonly Word[] {
  const meant = words.filter(({ plain }) => !EMPTY.has(plain));
  return meant.length === 0 ? words : meant;
}

/** The stems that carry meaning, each once. */
export function meaningOf(words: readonly Word[]): ReadonlySet<string> {
  return new Set(meaningfulWords(words).map(({ stem }) => stem));
}

/** `deploys`, `deployed` and `deploying` are one word; `class` and `thing` stay. */
function stemOf(word: string): string {
  let stem = word;
  if (stem.length > 3 && stem.endsWith("s") && !/(?:ss|us|is)$/.test(stem)) stem = stem.slice(0, -1);
  if (stem.length >= 6) stem = stem.replace(/(?:ing|ed)$/, "");
  if (stem.length > 3 && stem !== word) stem = stem.replace(/([bdfgmnprt])\1$/, "$1");
  return stem.length > 4 ? stem.replace(/e$/, "") : stem;
}
