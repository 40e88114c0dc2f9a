import { createHash, randomBytes } from "node:crypto";
import { linkSync, mkdirSync, readFileSync, renameSync, rmSync, unlinkSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { identify, isSameProcess, type ProcessIdentity } from "../process/process-table.ts";

/** Who holds a lock. The nonce makes two holds of one process, or of two with the same pid, different. */
export interface LockHolder extends ProcessIdentity {
  readonly nonce: string;
}

export interface Lock {
  readonly holder: LockHolder;
  /** Gives it back, where it is still ours. */
  release(): void;
}

/**
 * Takes a lock file, or says who holds it. A dead holder's lock is taken over; of any number that try, one succeeds:
 * taking over from one hold needs the lock `<file>.<nonce of that hold>`, taken in the same way, and the file is looked
 * at again once that is ours. Nothing else may replace the file, so what was seen then stays true until the rename.
 */
export function takeLock(file: string): Lock | LockHolder {
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
  const me = identify(process.pid);
  if (me === undefined) throw new Error("this process cannot see itself");
  const mine: LockHolder = { ...me, nonce: randomBytes(12).toString("hex") };
  for (;;) {
    if (linkNew(file, mine)) return lockOf(file, mine);
    const holder = readHolder(file);
    if (holder === undefined) continue; // given back in this moment
    if (isSameProcess(holder)) return holder;
    const right = takeLock(`${file}.${holder.nonce}`);
    if (!isLock(right)) return right; // another one is taking over just now
    try {
      if (readHolder(file)?.nonce !== holder.nonce) continue;
      replace(file, mine);
      return lockOf(file, mine);
    } finally {
      right.release();
    }
  }
}

/** Who holds the lock file, dead or alive; a file that nobody can have written whole is a hold of nobody. */
export function readHolder(file: string): LockHolder | undefined {
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
  try {
    const { pid, start_time, nonce } = JSON.parse(text) as LockHolder;
    if (Number.isSafeInteger(pid) && typeof start_time === "string" && /^[0-9a-f]{24}$/.test(nonce)) return { pid, start_time, nonce };
  } catch {
    // damaged: below
  }
  return { pid: 0, start_time: "", nonce: createHash("sha256").update(text).digest("hex").slice(0, 24) };
}

/** Tells a taken lock from the holder of one that was not to be had. */
export function isLock(value: Lock | LockHolder): value is Lock {
  return "release" in value;
}

function lockOf(file: string, holder: LockHolder): Lock {
  return {
    holder,
    release: () => {
      if (readHolder(file)?.nonce === holder.nonce) rmSync(file, { force: true });
    },
  };
}

/** Creates the file with its whole content at once, or not at all. */
function linkNew(file: string, holder: LockHolder): boolean {
  const temporary = `${file}.new.${holder.nonce}`;
  writeFileSync(temporary, JSON.stringify(holder), { mode: 0o600 });
  try {
    linkSync(temporary, file);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST") return false;
    throw error;
  } finally {
    unlinkSync(temporary);
  }
}

function replace(file: string, holder: LockHolder): void {
  const temporary = `${file}.new.${holder.nonce}`;
  writeFileSync(temporary, JSON.stringify(holder), { mode: 0o600 });
  renameSync(temporary, file);
}
