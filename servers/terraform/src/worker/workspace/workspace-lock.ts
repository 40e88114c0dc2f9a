import { randomBytes } from "node:crypto";
import { link, mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";

/** Who holds a workspace. */
export interface LockHolder {
  /** Workflow id of the holding run. */
  readonly run: string;
  readonly workspace: string;
  readonly dir: string;
  readonly since: string;
}

/** One file per workspace and data directory, taken by the run that works on it. Terraform's own state lock is the second guard. */
export class WorkspaceLock {
  readonly #path: string;

  /** @param key names the workspace, see `lockKey` */
  constructor(folder: string, key: string) {
    this.#path = join(folder, `${key}.lock`);
  }

  /**
   * Takes the lock for the run, or names who holds it. Taking it again for the same run is fine (a retry, the apply after
   * the plan). A lock whose run is closed is taken over.
   */
  async take(holder: LockHolder, isOpen: (run: string) => Promise<boolean>): Promise<{ held: true } | { held: false; by: LockHolder }> {
    for (let attempt = 0; attempt < 20; attempt += 1) {
      if (await this.#create(holder)) return { held: true };
      const current = await this.holder();
      if (current === undefined) continue;
      if (current.run === holder.run) return { held: true };
      if (current.run !== "" && (await isOpen(current.run))) return { held: false, by: current };
      await this.#removeIf(current.run);
    }
    return { held: false, by: (await this.holder()) ?? { ...holder, run: "unknown" } };
  }

  /** Who holds it now; undefined where nobody does. A damaged file is somebody's: it counts as held by a closed run. */
  async holder(): Promise<LockHolder | undefined> {
    const text = await readFile(this.#path, "utf8").catch(absent);
    if (text === undefined) return undefined;
    try {
      const value = JSON.parse(text) as LockHolder;
      if (typeof value.run === "string") return value;
    } catch {
      // Fall through: the file is written whole, so this is damage from outside.
    }
    return { run: "", workspace: "", dir: "", since: "" };
  }

  /** Gives the lock back, where the run holds it. */
  async release(run: string): Promise<void> {
    if ((await this.holder())?.run === run) await this.#removeIf(run);
  }

  /** Written whole under another name, then linked: whoever sees the lock sees its holder. */
  async #create(holder: LockHolder): Promise<boolean> {
    const temporary = `${this.#path}.${randomBytes(6).toString("hex")}.new`;
    await mkdir(join(this.#path, ".."), { recursive: true, mode: 0o700 });
    await writeFile(temporary, JSON.stringify(holder), { mode: 0o600, flag: "wx" });
    try {
      await link(temporary, this.#path);
      return true;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === "EEXIST") return false;
      throw error;
    } finally {
      await rm(temporary, { force: true });
    }
  }

  /** Between reading and removing another may have taken the lock: one at a time removes, and reads again before it does. */
  async #removeIf(run: string): Promise<void> {
    const guard = `${this.#path}.remove`;
    try {
      await writeFile(guard, String(process.pid), { flag: "wx", mode: 0o600 });
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
      await this.#clearDeadGuard(guard);
      return;
    }
    try {
      if ((await this.holder())?.run === run) await rm(this.#path, { force: true });
    } finally {
      await rm(guard, { force: true });
    }
  }

  async #clearDeadGuard(guard: string): Promise<void> {
    const pid = Number(await readFile(guard, "utf8").catch(absent));
    if (Number.isInteger(pid) && pid > 0 && !isAlive(pid)) await rm(guard, { force: true });
    else await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}

function absent(error: NodeJS.ErrnoException): undefined {
  if (error.code === "ENOENT") return undefined;
  throw error;
}
