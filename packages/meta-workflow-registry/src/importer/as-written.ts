/** Words that stay words: nothing in them is an expression. */
export function asWritten(text: string): string {
  return text.replaceAll("${{", "$$${{");
}
