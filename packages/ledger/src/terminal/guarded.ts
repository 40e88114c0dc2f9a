/** What `paint` writes, and the end of all colours: the only colours that pass. */
const COLOURS = String.raw`\u001b\[(?:0|1|2|22|31|32|33|39)m`;
/** What a line or a screen that is written anew begins with; nowhere else may the cursor be moved. */
const ANEW = /^(?:\r\u001b\[2K|\u001b\[H\u001b\[J)/; // oxlint-disable-line no-control-regex
const UNSEEN = new RegExp(String.raw`(?!${COLOURS})(?!\r?\n)[\p{Cc}\p{Cf}\u2028\u2029](?<!\t)`, "gu");

/**
 * A text as it may reach a terminal, whatever got into it: what could move the cursor, hide or turn text, ring, name the
 * window or change its colours otherwise than ours do is written out as `\u{…}`. What prints masks and escapes by itself;
 * this stands behind all of it, where a text leaves for a screen.
 */
export function guarded(text: string): string {
  const anew = ANEW.exec(text)?.[0] ?? "";
  return anew + text.slice(anew.length).replace(UNSEEN, (char) => `\\u{${char.codePointAt(0)!.toString(16)}}`);
}
