import { createHash } from "node:crypto";
import { readdirSync, readFileSync, renameSync, unlinkSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { basename, dirname, join } from "node:path";
import { cachedDataVersionTag } from "node:v8";
import { constants, Script } from "node:vm";

/** How long after its start a program writes its cache, when what a start compiles has been compiled. */
const WRITE_AFTER_MS = 1500;

/**
 * Runs a CommonJS bundle with V8's code cache, kept beside it (whoever can write there can change the bundle as well).
 * The first start makes the cache. It is keyed by Node's V8 and by a digest of the source, since V8 itself compares the
 * length of the source only, and carries a digest of itself, since V8 does not check what it loads. Where none can be
 * written, the bundle runs without. Gives back whether the cache was used.
 */
export function loadCached(bundle: string, writeAfterMs = WRITE_AFTER_MS): "cached" | "compiled" {
  const source = readFileSync(bundle);
  const key = createHash("sha256").update(source).update(String(cachedDataVersionTag())).digest("hex");
  const file = `${bundle}.${key.slice(0, 16)}.cache`;
  const cachedData = readCache(file);
  const wrapped = `(function (exports, require, module, __filename, __dirname) {${source.toString("utf8").replace(/^#!.*/, "")}\n})`;
  const script = new Script(wrapped, { filename: bundle, ...(cachedData && { cachedData }), importModuleDynamically: constants.USE_MAIN_CONTEXT_DEFAULT_LOADER });
  const module = { exports: {} };
  (script.runInThisContext() as (...args: unknown[]) => void)(module.exports, createRequire(bundle), module, bundle, dirname(bundle));
  if (cachedData && !script.cachedDataRejected) return "cached";
  setTimeout(() => writeCache(file, bundle, script.createCachedData()), writeAfterMs).unref();
  return "compiled";
}

const digest = (data: Buffer): Buffer => createHash("sha256").update(data).digest();

/** The cache in a file, or undefined if there is none or it is not whole. */
function readCache(file: string): Buffer | undefined {
  try {
    const bytes = readFileSync(file);
    const data = bytes.subarray(32);
    return digest(data).equals(bytes.subarray(0, 32)) ? data : undefined;
  } catch {
    return undefined;
  }
}

function writeCache(file: string, bundle: string, data: Buffer): void {
  const temporary = `${file}.${process.pid}`;
  try {
    writeFileSync(temporary, Buffer.concat([digest(data), data]), { mode: 0o600 });
    renameSync(temporary, file);
    const old = (name: string): boolean => name.startsWith(`${basename(bundle)}.`) && name.endsWith(".cache") && name !== basename(file);
    for (const name of readdirSync(dirname(bundle)).filter(old)) unlinkSync(join(dirname(bundle), name));
  } catch {
    // A read-only folder: every start compiles.
  }
}
