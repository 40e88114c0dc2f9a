import { OpsError } from "@platform-ops/errors";

/**
 * The place in a list from which to read on: 0 without a cursor.
 * @throws OpsError invalid_input
 */
export function parseCursor(text: string | undefined): number {
  if (text === undefined) return 0;
  if (!/^\d{1,9}$/.test(text))
    throw new OpsError("invalid_input", `cursor: ${JSON.stringify(text.slice(0, 40))} is none of ours.`, {
      hint: "Use next_cursor of the last answer, or leave it out to start.",
    });
  return Number(text);
}
