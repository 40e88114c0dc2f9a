import { execFile } from "node:child_process";
import { access, constants, stat } from "node:fs/promises";
import { delimiter, isAbsolute, join } from "node:path";
import type { Check } from "./check.ts";

const WITHIN_MS = 10_000;
const MOST_BYTES = 256 * 1024;

/** A program that is looked for. */
export interface WantedProgram {
  readonly id: string;
  /** Its name on PATH. */
  readonly program: string;
  /** The operator's word; not looked for on PATH then. */
  readonly configured?: string | undefined;
  /** With what it tells its version; none where its being there is enough. */
  readonly versionArgs?: readonly string[];
  /** The version in what it prints; its first group. */
  readonly version?: RegExp;
  /** The oldest that will do, such as 1.5. */
  readonly atLeast?: string;
  readonly cure: string;
  /** What is said where it is missing or too old: it is needed, or something works without it. */
  readonly otherwise?: "missing" | "warn";
}

/** Where programs are looked for, and what they are given. */
export interface ProgramSurroundings {
  readonly searchPath: string;
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** Looks for a program and asks it for its version. */
export async function programCheck(wanted: WantedProgram, { searchPath, env }: ProgramSurroundings): Promise<Check> {
  const { id, program, configured, versionArgs, version: pattern, atLeast, cure, otherwise = "missing" } = wanted;
  const about = { id, name: program, ...(atLeast === undefined ? {} : { wanted: `>= ${atLeast}` }) };
  const path = configured ?? (await findProgramOnPath(program, searchPath));
  if (path === undefined) return { ...about, status: otherwise, found: "not on PATH", cure };
  if (!(await isProgram(path)))
    return { ...about, status: otherwise === "warn" ? "warn" : "broken", found: "not a program that can be run", path, cure };
  if (versionArgs === undefined || pattern === undefined) return { ...about, status: "ok", path };
  const told = await tell(path, versionArgs, { ...pick(env), PATH: searchPath });
  const version = pattern.exec(told)?.[1];
  if (version === undefined)
    return { ...about, status: otherwise === "warn" ? "warn" : "broken", found: "does not tell its version", path, cure };
  if (atLeast !== undefined && isOlder(version, atLeast))
    return { ...about, status: otherwise === "warn" ? "warn" : "broken", found: `${version} is too old`, version, path, cure };
  return { ...about, status: "ok", version, path };
}

/** The first program of that name on a search path; relative folders on it are passed over. */
export async function findProgramOnPath(name: string, searchPath: string): Promise<string | undefined> {
  for (const folder of searchPath.split(delimiter)) {
    if (isAbsolute(folder) && (await isProgram(join(folder, name)))) return join(folder, name);
  }
  return undefined;
}

/** Whether a version comes before another, number by number; what follows the numbers does not count. */
export function isOlder(version: string, than: string): boolean {
  const [one, other] = [version, than].map((text) => text.split(/[^\d]+/).map(Number));
  for (let index = 0; index < other!.length; index += 1) {
    const difference = (one![index] ?? 0) - (other![index] ?? 0);
    if (difference !== 0) return difference < 0;
  }
  return false;
}

async function isProgram(path: string): Promise<boolean> {
  try {
    await access(path, constants.X_OK);
    return (await stat(path)).isFile();
  } catch {
    return false;
  }
}

function pick(env: ProgramSurroundings["env"]): Record<string, string> {
  return Object.fromEntries(["HOME", "LANG"].flatMap((name) => (env[name] === undefined ? [] : [[name, env[name]]])));
}

/** Both streams: some tell their version on stderr, and some with a failure. */
function tell(path: string, args: readonly string[], env: Record<string, string>): Promise<string> {
  return new Promise((resolve) => {
    const child = execFile(path, [...args], { env, timeout: WITHIN_MS, maxBuffer: MOST_BYTES }, (_error, stdout, stderr) =>
      resolve(`${stdout}\n${stderr}`),
    );
    child.stdin?.end();
  });
}
