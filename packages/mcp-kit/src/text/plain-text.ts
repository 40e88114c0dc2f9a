// Terminal sequences (CSI, OSC, single escapes), control characters other than tab and newline, what turns the direction of text,
// and what is invisible and can carry hidden text.
// eslint-disable-next-line no-control-regex
const SEQUENCES =
  /\u001b\[[0-?]*[ -/]*[@-~]|\u001b\][^\u0007\u001b]*(?:\u0007|\u001b\\)|\u001b[@-_]?|[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u00ad\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\u{e0000}-\u{e007f}]/gu;

/** Text that a terminal, or a reader of it, takes for nothing but text: lines end with \n, and nothing moves a cursor. */
export function plainText(text: string): string {
  return text.replaceAll("\r\n", "\n").replaceAll(SEQUENCES, "");
}
