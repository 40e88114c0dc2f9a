import { statSync } from "node:fs";

/** Between two looks. A change counts from the next approval on, not from the next start. */
const LOOK_MS = 1_000;

/**
 * Calls `changed` once when one of the files is written, replaced, made or removed. A worker then ends, and its successor
 * reads the new policy; a server over HTTP reads it itself: an operator who tightens it need not know how to restart anything. Returns how to stop watching.
 */
export function watchSettings(files: readonly string[], changed: (file: string) => void): () => void {
  const before = new Map(files.map((file) => [file, stampOf(file)]));
  const timer = setInterval(() => {
    const file = files.find((each) => stampOf(each) !== before.get(each));
    if (file === undefined) return;
    clearInterval(timer);
    changed(file);
  }, LOOK_MS);
  timer.unref();
  return () => clearInterval(timer);
}

/** What changes with a file's content, or with its coming and going. */
function stampOf(file: string): string {
  const stat = statSync(file, { throwIfNoEntry: false });
  return stat === undefined ? "none" : `${stat.ino} ${stat.size} ${stat.mtimeMs}`;
}
