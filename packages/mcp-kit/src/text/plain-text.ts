// Terminal sequences (CSI, OSC, single escapes), control characters other than tab and newline, and what turns the direction of text.
// eslint-disable-next-line no-control-regex
const SEQUENCES =
  /\u001b\[[0-?]*[ -/]*[@-~]|\u001b\][^\u0007\u001b]*(?:\u0007|\u001b\\)|\u001b[@-_]?|[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069]/g;

/** Text that a terminal, or a reader of it, takes for nothing but text: lines end with \n, and nothing moves a cursor. */
export function plainText(text: string): string {
  return text.replaceAll("\r\n", "\n").replaceAll(SEQUENCES, "");
}
