import { OpsError } from "@platform-ops/errors";
import { closeOver, type Closure, type Definition } from "@platform-ops/meta-workflow-registry/definition";
import type { Library, LibraryEntry } from "./library.ts";

/** Temporal takes 2 MB in one message; what a definition is larger than is no runbook. */
const MOST_CLOSURE_BYTES = 1_000_000;

/** An entry belongs to one reading of the library: what it calls is of the same reading. */
const known = new WeakMap<LibraryEntry, Closure>();

/**
 * A runbook with all that it calls, as a run of it would take it.
 * @throws OpsError definition_invalid, too_large, and what `closeOver` throws
 */
export async function closureOf(library: Library, entry: LibraryEntry): Promise<Closure> {
  if (entry.definition === undefined)
    throw new OpsError("definition_invalid", `${entry.id} has neither a definition nor numbered steps, so there is nothing to carry out.`, {
      hint: "Write its steps in the registry, or a definition for it.",
    });
  const before = known.get(entry);
  if (before !== undefined) return before;
  const { entries } = await library.read();
  const byId = new Map<string, Definition>();
  for (const { definition } of entries)
    for (const id of [definition?.id, definition?.code]) if (id !== undefined && definition !== undefined) byId.set(id, definition);
  const closure = closeOver(entry.definition, (id) => byId.get(id));
  const bytes = Buffer.byteLength(JSON.stringify(closure));
  if (bytes > MOST_CLOSURE_BYTES)
    throw new OpsError("too_large", `${entry.id} with all that it calls takes ${bytes} bytes; ${MOST_CLOSURE_BYTES} are allowed.`, {
      hint: "Split it into workflows of their own.",
    });
  if (entries.includes(entry)) known.set(entry, closure);
  return closure;
}
