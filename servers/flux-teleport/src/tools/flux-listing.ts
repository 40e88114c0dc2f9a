import type { FluxObject } from "../flux/flux-object.ts";
import { byTrouble, objectLine, tally } from "../flux/object-line.ts";
import { moreLine, pageOf, type Asked } from "../page.ts";

/** The keys of the data cost more than the line. */
const KEYS = 180;

/** What the lists of Flux objects have in common: a page with what is broken first, its lines, and how to read on. */
export function listing(objects: readonly FluxObject[], asked: Asked, shape: (object: FluxObject) => Record<string, unknown>) {
  const page = pageOf(objects.toSorted(byTrouble), asked, (object) => ({ line: objectLine(object), data: shape(object), more: KEYS }));
  const more = moreLine(page);
  return {
    shown: page.shown.map(shape),
    summary: tally(objects),
    body: [...page.shown.map(objectLine), ...(more === "" ? [] : [more])].join("\n"),
    paging: {
      truncated: page.next_cursor !== undefined,
      ...(page.next_cursor === undefined ? {} : { next_cursor: page.next_cursor }),
    },
  };
}
