import type { Definition } from "../definition/definition.ts";
import { StepFailure } from "./completion.ts";
import type { Here } from "./here.ts";
import type { RunContext } from "./run-context.ts";

const LONGEST_NAME = 300;

/** Whether a definition has locks that are to be taken. */
export function needsLocks({ ports }: RunContext, { locks }: Definition): boolean {
  return locks.length > 0 && ports.holdsLocks();
}

/**
 * Takes the locks of a definition whose inputs and state are there. Their names are those with which it began.
 *
 * @throws StepFailure expression_failed, locked
 * @throws ScopeCancelled
 */
export async function takeLocks(context: RunContext, definition: Definition, here: Here): Promise<void> {
  const { path, scope } = here;
  const names = (context.journal.marks[`${path}#locks`] ??= definition.locks.map((lock) => lockName(context.text(lock, here))));
  await context.locks.take(names as string[], path, scope);
}

function lockName(text: string): string {
  const name = text.trim();
  if (name === "" || name.length > LONGEST_NAME)
    throw new StepFailure("expression_failed", `A lock's name has 1 to ${LONGEST_NAME} characters; this one has ${name.length}.`);
  return name;
}
