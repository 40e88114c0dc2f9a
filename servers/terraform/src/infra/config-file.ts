import { closeSync, fstatSync, openSync, readdirSync, readSync } from "node:fs";
import { basename, dirname, relative } from "node:path";
import { OpsError } from "@platform-ops/errors";
import type { ParsedText, Problem } from "./infra-config.ts";
import { formatOf, MAX_CONFIG_BYTES, parseInfraText } from "./infra-text.ts";
import { nearestName } from "./nearest-name.ts";
import { printable } from "./printable.ts";
import { allow, entryAt, searchBases } from "./paths.ts";
import { problemLine } from "./problem-list.ts";

/** A configuration file that was found inside a root. */
export interface ConfigFile {
  /** Real and absolute. */
  path: string;
  root: string;
}

/**
 * Finds a configuration file. A relative path is tried against the working directory, where that is inside a root, and
 * against each root. Throws `config_not_found` (missing, a directory, no ordinary file), `path_not_allowed` (outside
 * the roots) and `invalid_config` (several matches, which are named).
 */
export function findConfigFile(written: string, roots: readonly string[], cwd: string): ConfigFile {
  const bases = searchBases(roots, cwd);
  const found = new Map<string, ConfigFile>();
  let refused: string | undefined;
  for (const base of bases) {
    const allowed = allow(written, base, roots);
    if ("refused" in allowed) refused ??= allowed.refused;
    else if (entryAt(allowed.path) !== undefined) found.set(allowed.path, allowed);
  }
  const files = [...found.values()];
  if (files.length > 1) {
    const names = files.map(({ path }) => path);
    throw new OpsError("invalid_config", `Failed to load config: ${printable(written)} is found in several roots: ${names.join(", ")}`, {
      hint: "Give the absolute path of the one that is meant.",
      details: { matches: names },
    });
  }
  if (files[0] !== undefined) return files[0];
  if (refused !== undefined) throw new OpsError("path_not_allowed", `Failed to load config: config_path ${refused}`);
  throw notFound(written, bases);
}

function notFound(written: string, bases: readonly string[]): OpsError {
  const nearby: string[] = [];
  for (const base of bases) {
    const allowed = allow(dirname(written), base, bases);
    if ("refused" in allowed) continue;
    const configs = namesIn(allowed.path).filter((name) => /\.(ya?ml|json)$/i.test(name));
    const near =
      ["infra.yaml", "infra.yml", "infra.json"].find((name) => configs.includes(name)) ?? nearestName(basename(written), configs);
    if (near !== undefined) nearby.push(relative(base, `${allowed.path}/${near}`));
  }
  const suggestion = nearby[0] === undefined ? "" : ` Did you mean ${printable(nearby[0])}?`;
  return new OpsError(
    "config_not_found",
    `Failed to load config: failed to read config file: ${printable(written)} is not there.${suggestion}`,
    {
      hint: `Looked in ${bases.map(printable).join(", ")}. Check config_path, or list what there is with config_path "**/infra.yaml".`,
      details: { config_path: written, looked_in: bases, ...(nearby[0] === undefined ? {} : { suggestion: nearby[0] }) },
    },
  );
}

function namesIn(directory: string): string[] {
  try {
    return readdirSync(directory);
  } catch {
    return [];
  }
}

/** Parsed texts by path, so that an unchanged file is not parsed again. */
const parsedBefore = new Map<string, { stamp: string; parsed: ParsedText }>();
const KEPT_TEXTS = 50;
/** A file changed less than this ago may change again within one tick of the file system's clock: not kept. */
const SETTLED_MS = 1000;

/** Reads and parses a file that `findConfigFile` found. Throws `config_not_found`, `too_large`, `invalid_config` (syntax, all problems at once). */
export function readConfigFile(file: ConfigFile): ParsedText {
  const { bytes, stamp, changedMs } = readBounded(file.path, parsedBefore.get(file.path)?.stamp);
  if (bytes === undefined) return parsedBefore.get(file.path)!.parsed;
  const { parsed, problems } = parseInfraText(bytes, formatOf(file.path));
  if (problems.length > 0) throw syntaxError(problems, file.path);
  parsedBefore.delete(file.path);
  if (Math.abs(Date.now() - changedMs) > SETTLED_MS) {
    parsedBefore.set(file.path, { stamp, parsed });
    if (parsedBefore.size > KEPT_TEXTS) parsedBefore.delete(parsedBefore.keys().next().value!);
  }
  return parsed;
}

/** The bytes of a file of bounded size; none where its stamp (what changes with its content) is the one that is known. */
function readBounded(path: string, knownStamp: string | undefined): { bytes: Buffer | undefined; stamp: string; changedMs: number } {
  const failed = (why: string) =>
    new OpsError("config_not_found", `Failed to load config: failed to read config file: ${printable(path)} ${why}`);
  // Looked at before it is opened: opening a named pipe would wait for ever.
  const before = entryAt(path);
  if (before === undefined) throw failed("is not there");
  if (before.isDirectory()) throw failed("is a directory; name the file in it");
  if (!before.isFile()) throw failed("is no ordinary file");
  let descriptor: number;
  try {
    descriptor = openSync(path, "r");
  } catch (error) {
    throw failed(`cannot be opened (${(error as NodeJS.ErrnoException).code ?? "unknown reason"})`);
  }
  try {
    const { dev, ino, size, mtimeNs, ctimeNs, ctimeMs } = fstatSync(descriptor, { bigint: true });
    const stamp = [dev, ino, size, mtimeNs, ctimeNs].join(" ");
    if (stamp === knownStamp) return { bytes: undefined, stamp, changedMs: Number(ctimeMs) };
    const bytes = size > MAX_CONFIG_BYTES ? undefined : readAtMost(descriptor, MAX_CONFIG_BYTES);
    if (bytes !== undefined) return { bytes, stamp, changedMs: Number(ctimeMs) };
  } finally {
    closeSync(descriptor);
  }
  throw new OpsError(
    "too_large",
    `Failed to load config: failed to read config file: ${printable(path)} has more than ${MAX_CONFIG_BYTES / 1024 / 1024} MB`,
    {
      hint: "Split the configuration; one file holds up to 1 MB.",
    },
  );
}

/** The whole of a file, or undefined when it has more than `limit` bytes (it may grow while it is read). */
function readAtMost(descriptor: number, limit: number): Buffer | undefined {
  const parts: Buffer[] = [];
  for (let length = 0; length <= limit;) {
    const part = Buffer.allocUnsafe(64 * 1024);
    const read = readSync(descriptor, part, 0, part.length, null);
    if (read === 0) return Buffer.concat(parts);
    parts.push(part.subarray(0, read));
    length += read;
  }
  return undefined;
}

function syntaxError(problems: readonly Problem[], path: string): OpsError {
  const lines = problems.map(problemLine);
  const text = lines.length === 1 ? lines[0]! : `${lines.length} problems\n${lines.map((line) => `- ${line}`).join("\n")}`;
  return new OpsError("invalid_config", `Failed to load config: ${text}`, {
    hint: `Correct ${printable(path)}.`,
    details: { config_path: path, problems },
  });
}
