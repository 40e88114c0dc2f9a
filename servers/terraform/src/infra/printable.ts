/** A foreign text as it may stand in a message: one line, no control characters, at most 80 characters. */
export function printable(text: string): string {
  const clean = text.replace(/[\p{Cc}\p{Cf}\u2028\u2029]/gu, "\uFFFD");
  return clean.length > 80 ? `${clean.slice(0, 79)}…` : clean;
}
