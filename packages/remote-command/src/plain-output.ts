// Sequences with a text inside (OSC, DCS, APC, PM, SOS) go whole where they end; where they do not, only their beginning goes,
// so that an unfinished one hides nothing. Each scan stops at the next control character: the time is linear.
const STRINGS = /(?:\u001b[\]PX^_]|[\u0090\u0098\u009d-\u009f])[^\u0000-\u001f\u007f-\u009f]*(?:\u0007|\u001b\\|\u009c)/g;
// CSI sequences, also one that was cut off at the end; other escapes.
const ESCAPES = /(?:\u001b\[|\u009b)[0-?]*[ -/]*(?:[@-~]|$)|\u001b[ -/]*[0-~]?/g;
// Overstriking, as manual pages do it.
const OVERSTRIKE = /[^\n\u0008]\u0008/g;
// Other control characters but tab and newline; what turns the direction of text, or is invisible and can carry hidden text.
const INVISIBLE =
  /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u00ad\u061c\u200b\u200e\u200f\u2028\u2029\u202a-\u202e\u2060-\u2064\u2066-\u206f\ufeff\u{e0000}-\u{e007f}]/gu;

/**
 * A program's output as nothing but text: no sequence moves a cursor, turns direction or hides a text. A carriage return
 * becomes a line's end, so that what a later line would have written over stays readable.
 */
export function plainOutput(output: string): string {
  return output
    .replaceAll(STRINGS, "")
    .replaceAll(ESCAPES, "")
    .replaceAll(/\r\n?/g, "\n")
    .replaceAll(OVERSTRIKE, "")
    .replaceAll(INVISIBLE, "");
}
