import { OpsError } from "@platform-ops/errors";

export const PAGE_BEGINS = "<!-- generated from workflow.yaml: begin -->";
export const PAGE_ENDS = "<!-- generated from workflow.yaml: end -->";

/**
 * Puts a generated page between its markers in a text that a person keeps; everything outside stays as it stands. A text
 * without markers gets them at its end. Throws `invalid_config` where the markers are not one pair in order.
 */
export function putPage(existing: string, generated: string): string {
  const lines = existing.split("\n");
  const begins = placesOf(lines, PAGE_BEGINS);
  const ends = placesOf(lines, PAGE_ENDS);
  const between = [PAGE_BEGINS, "", generated.trim(), "", PAGE_ENDS];
  if (begins.length === 0 && ends.length === 0) {
    const before = existing.trimEnd();
    return `${before === "" ? "" : `${before}\n\n`}${between.join("\n")}\n`;
  }
  const [begin] = begins;
  const [end] = ends;
  if (begins.length !== 1 || ends.length !== 1 || begin === undefined || end === undefined || end < begin) {
    throw new OpsError("invalid_config", "The markers of the generated part are not one pair in order.", {
      hint: `Keep one line \`${PAGE_BEGINS}\` and after it one line \`${PAGE_ENDS}\`, or remove both.`,
      details: { begins: begins.map((at) => at + 1), ends: ends.map((at) => at + 1) },
    });
  }
  return [...lines.slice(0, begin), ...between, ...lines.slice(end + 1)].join("\n");
}

/** Indexes of the lines that are the marker and nothing else. */
function placesOf(lines: readonly string[], marker: string): number[] {
  return lines.flatMap((line, index) => (line.trimEnd() === marker ? [index] : []));
}
