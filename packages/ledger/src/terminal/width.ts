import { stripVTControlCharacters } from "node:util";

const NONE = /[\p{M}\p{Cf}]/u;
/** Wide by Unicode's East Asian Width, as far as names and titles have them: the blocks of CJK and Hangul, full-width forms, emoji. */
const TWO =
  /[\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6\u{1f300}-\u{1f64f}\u{1f680}-\u{1f6ff}\u{1f900}-\u{1f9ff}\u{20000}-\u{3fffd}]/u;

/** How many columns a text takes on a terminal, without its colours. */
export function widthOf(text: string): number {
  let width = 0;
  for (const char of stripVTControlCharacters(text)) width += columnsOf(char);
  return width;
}

function columnsOf(char: string): number {
  if (NONE.test(char)) return 0;
  return TWO.test(char) ? 2 : 1;
}
