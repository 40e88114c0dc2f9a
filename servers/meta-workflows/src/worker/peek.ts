import { ActionBook, problemsOf, type ActionRecord, type BookDeps } from "@platform-ops/meta-workflow-registry/run";
import type { Asking } from "./run-contract.ts";
import { filterOf } from "./run-messages.ts";

const PEEK: BookDeps = { newId: () => "not-drawn", validate: problemsOf };

/** A copy of a run's book: shows what something would come to, and nothing comes of it. */
export function peekAt(book: ActionBook): ActionBook {
  return ActionBook.create(PEEK, book.state);
}

/** What an agent would be shown now. */
export function peekActions(book: ActionBook, asking: Asking, now: number): readonly ActionRecord[] {
  return peekAt(book).present(asking.agent, now, filterOf(asking)).actions;
}
