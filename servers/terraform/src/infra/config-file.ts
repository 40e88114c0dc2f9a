import { open, readdir, stat } from "node:fs/promises";
import { basename, dirname, relative } from "node:path";
import { OpsError } from "@platform-ops/errors";
import type { ParsedText, Problem } from "./infra-config.ts";
import { formatOf, MAX_CONFIG_BYTES, parseInfraText } from "./infra-text.ts";
import { nearestName } from "./nearest-name.ts";
import { printable } from "./printable.ts";
import { allow, searchBases } from "./paths.ts";
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
export async function findConfigFile(written: string, roots: readonly string[], cwd: string): Promise<ConfigFile> {
  const bases = await searchBases(roots, cwd);
  const found = new Map<string, ConfigFile>();
  let refused: string | undefined;
  for (const base of bases) {
    const allowed = await allow(written, base, roots);
    if ("refused" in allowed) refused ??= allowed.refused;
    else if (await exists(allowed.path)) found.set(allowed.path, allowed);
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
  throw await notFound(written, bases);
}

async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}

async function notFound(written: string, bases: readonly string[]): Promise<OpsError> {
  const nearby: string[] = [];
  for (const base of bases) {
    const allowed = await allow(dirname(written), base, bases);
    if ("refused" in allowed) continue;
    const entries = await readdir(allowed.path).catch(() => []);
    const configs = entries.filter((name) => /\.(ya?ml|json)$/i.test(name));
    const near = ["infra.yaml", "infra.yml", "infra.json"].find((name) => configs.includes(name)) ?? nearestName(basename(written), configs);
    if (near !== undefined) nearby.push(relative(base, `${allowed.path}/${near}`));
  }
  const suggestion = nearby[0] === undefined ? "" : ` Did you mean ${printable(nearby[0])}?`;
  return new OpsError("config_not_found", `Failed to load config: failed to read config file: ${printable(written)} is not there.${suggestion}`, {
    hint: `Looked in ${bases.map(printable).join(", ")}. Check config_path, or list what there is with config_path "**/infra.yaml".`,
    details: { config_path: written, looked_in: bases, ...(nearby[0] === undefined ? {} : { suggestion: nearby[0] }) },
  });
}

/** Reads and parses a file that `findConfigFile` found. Throws `config_not_found`, `too_large`, `invalid_config` (syntax, all problems at once). */
export async function readConfigFile(file: ConfigFile): Promise<ParsedText> {
  const bytes = await readBounded(file.path);
  const { parsed, problems } = parseInfraText(bytes, formatOf(file.path));
  if (problems.length > 0) throw syntaxError(problems, file.path);
  return parsed;
}

async function readBounded(path: string): Promise<Buffer> {
  const failed = (why: string) => new OpsError("config_not_found", `Failed to load config: failed to read config file: ${printable(path)} ${why}`);
  // Looked at before it is opened: opening a named pipe would wait for ever.
  const before = await stat(path).catch(() => undefined);
  if (before === undefined) throw failed("is not there");
  if (before.isDirectory()) throw failed("is a directory; name the file in it");
  if (!before.isFile()) throw failed("is no ordinary file");
  const handle = await open(path, "r").catch((error: NodeJS.ErrnoException) => {
    throw failed(`cannot be opened (${error.code ?? "unknown reason"})`);
  });
  try {
    const buffer = Buffer.allocUnsafe(Math.min(before.size, MAX_CONFIG_BYTES) + 1);
    let length = 0;
    for (;;) {
      const { bytesRead } = await handle.read(buffer, length, buffer.length - length, length);
      length += bytesRead;
      if (bytesRead === 0 || length === buffer.length) break;
    }
    if (before.size <= MAX_CONFIG_BYTES && length <= MAX_CONFIG_BYTES) return buffer.subarray(0, length);
  } finally {
    await handle.close();
  }
  throw new OpsError("too_large", `Failed to load config: failed to read config file: ${printable(path)} has more than ${MAX_CONFIG_BYTES / 1024 / 1024} MB`, {
    hint: "Split the configuration; one file holds up to 1 MB.",
  });
}

function syntaxError(problems: readonly Problem[], path: string): OpsError {
  const lines = problems.map(problemLine);
  const text = lines.length === 1 ? lines[0]! : `${lines.length} problems\n${lines.map((line) => `- ${line}`).join("\n")}`;
  return new OpsError("invalid_config", `Failed to load config: ${text}`, { hint: `Correct ${printable(path)}.`, details: { config_path: path, problems } });
}
