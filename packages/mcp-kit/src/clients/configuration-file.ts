import { randomBytes } from "node:crypto";
import { constants } from "node:fs";
import { lstat, mkdir, open, readFile, realpath, rename, rm, stat } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { OpsError } from "@platform-ops/errors";

const MOST_BYTES = 32 * 1024 * 1024;

/** A client's file as it was read. */
export interface ReadFile {
  /** The file itself, where the client's path is a link to it. */
  readonly path: string;
  /** Undefined where there is none yet. */
  readonly text: string | undefined;
  /** Permissions that it has, or will get. */
  readonly mode: number;
  /** Whose it is, where it is there. */
  readonly owner?: { readonly uid: number; readonly gid: number };
}

/**
 * Reads a file that a person keeps. Links are followed, so that a link to a file kept elsewhere stays one.
 * @throws OpsError invalid_config, too_large
 */
export async function readConfigurationFile(file: string, modeOfNew: number): Promise<ReadFile> {
  const path = await targetOf(file);
  let found: Awaited<ReturnType<typeof stat>>;
  try {
    found = await stat(path);
  } catch (error) {
    if (codeOf(error) === "ENOENT") return { path, text: undefined, mode: modeOfNew };
    throw refused(file, `cannot be reached (${codeOf(error)})`);
  }
  if (!found.isFile()) throw refused(file, "is not a file");
  if (found.size > MOST_BYTES) throw new OpsError("too_large", `${file} is larger than ${MOST_BYTES / 1024 / 1024} MB; it was not read.`);
  if ((found.mode & constants.S_IWUSR) === 0) throw refused(path, "may not be written, by its permissions");
  const text = await textOf(path, file);
  return { path, text, mode: found.mode & 0o777, owner: { uid: found.uid, gid: found.gid } };
}

/**
 * Puts a text in place of what was read: whole or not at all, with the same permissions and owner.
 * @throws OpsError lock_held where somebody wrote the file meanwhile; storage_failed
 */
export async function replaceConfigurationFile({ path, text: before, mode, owner }: ReadFile, text: string): Promise<void> {
  const partial = join(dirname(path), `.${basename(path)}.${process.pid}-${randomBytes(4).toString("hex")}`);
  try {
    await mkdir(dirname(path), { recursive: true });
    await writeWhole(partial, text, { mode, owner });
    // Clients write their own files too: what they said since it was read must not be lost.
    if ((await currentText(path)) !== before) throw changedMeanwhile(path);
    await rename(partial, path);
  } catch (error) {
    await rm(partial, { force: true }).catch(() => undefined);
    throw storageFailure(path, error);
  }
}

/**
 * Takes a file away that says nothing any more.
 * @throws OpsError lock_held where somebody wrote it meanwhile; storage_failed
 */
export async function removeConfigurationFile({ path, text }: ReadFile): Promise<void> {
  try {
    if ((await currentText(path)) !== text) throw changedMeanwhile(path);
    await rm(path);
  } catch (error) {
    throw storageFailure(path, error);
  }
}

/** Keeps a copy beside the file, with the file's own permissions and owner. */
export async function keepCopy({ path, text = "", mode, owner }: ReadFile, copy: string): Promise<void> {
  try {
    await rm(copy, { force: true });
    await writeWhole(copy, text, { mode, owner });
  } catch (error) {
    throw storageFailure(path, error);
  }
}

/** The name of the copy that is kept of a file before an entry was put into it. */
export function copyOf(path: string, name: string): string {
  return `${path}.before-${name}`;
}

/** A copy's text; undefined where there is none. */
export async function copyText(copy: string): Promise<string | undefined> {
  return await currentText(copy);
}

async function writeWhole(
  path: string,
  text: string,
  { mode, owner }: Pick<ReadFile, "mode"> & { owner: ReadFile["owner"] },
): Promise<void> {
  const handle = await open(path, "wx", mode);
  try {
    await handle.writeFile(text);
    // Under sudo the file must stay its owner's, who could not read it any more; nobody else may give a file away.
    if (owner !== undefined && process.getuid?.() === 0) await handle.chown(owner.uid, owner.gid);
    // What the umask took away.
    await handle.chmod(mode);
    await handle.sync();
  } finally {
    await handle.close();
  }
}

async function currentText(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, "utf8");
  } catch (error) {
    if (codeOf(error) === "ENOENT") return undefined;
    throw error;
  }
}

async function targetOf(file: string): Promise<string> {
  const entry = await lstat(file).catch(() => undefined);
  if (entry?.isSymbolicLink() !== true) return file;
  try {
    return await realpath(file);
  } catch {
    throw refused(file, "is a link to nothing");
  }
}

async function textOf(path: string, file: string): Promise<string> {
  const bytes = await readFile(path).catch((error: unknown) => {
    throw refused(file, `cannot be read (${codeOf(error)})`);
  });
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw refused(file, "is not UTF-8 text");
  }
}

function refused(file: string, what: string): OpsError {
  return new OpsError("invalid_config", `${file} ${what}. Nothing was changed.`, {
    hint: "Correct that, or add the entry yourself: the option --print shows it.",
  });
}

function changedMeanwhile(path: string): OpsError {
  return new OpsError("lock_held", `${path} was changed meanwhile, perhaps by the client itself; nothing was written.`, {
    hint: "Run the same command again.",
  });
}

function storageFailure(path: string, error: unknown): unknown {
  const code = codeOf(error);
  if (error instanceof OpsError || code === undefined) return error;
  return new OpsError("storage_failed", `${path} could not be written (${code}).`, {
    hint: "Correct what is named, then run the same command again; or add the entry yourself: the option --print shows it.",
    cause: error,
  });
}

function codeOf(error: unknown): string | undefined {
  return (error as { code?: string } | undefined)?.code;
}
