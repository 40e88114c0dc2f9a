import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, symlinkSync } from "node:fs";
import { dirname, join } from "node:path";
import { OpsError } from "@platform-ops/errors";

export interface InstallRuntimeOptions {
  /** The data directory. */
  readonly home: string;
  /** Where installed runtimes are kept for all data directories; in the data directory itself where it is not given. */
  readonly cache?: string | undefined;
  /** Folder with package.json and package-lock.json. */
  readonly lockDir: string;
  /** The npm command; `npm` on the search path by default. */
  readonly npm?: string | undefined;
  /** Environment of npm; this process's own by default. */
  readonly env?: Readonly<Record<string, string>> | undefined;
  readonly onProgress: (line: string) => void;
}

/**
 * The name of a runtime: what is in its lock file decides what is installed, for this kind of machine.
 * @throws OpsError setup_needed, where there is no lock file
 */
export function runtimeHash(lockDir: string): string {
  const file = join(lockDir, "package-lock.json");
  if (!existsSync(file))
    throw new OpsError("setup_needed", `The worker's lock file is not there: ${file}.`, { hint: "Build or install this server again." });
  return createHash("sha256").update(readFileSync(file)).update(`\0${process.platform}-${process.arch}`).digest("hex").slice(0, 16);
}

/** `<home>/runtimes/<hash>/node_modules` */
export function runtimePath(home: string, hash: string): string {
  return join(home, "runtimes", hash, "node_modules");
}

/**
 * Installs what a worker build loads, exactly as its lock file says and running none of its scripts, and returns its
 * node_modules. Made in a folder of its own and renamed, so that an interrupted set-up leaves nothing that looks whole.
 * @throws OpsError setup_needed, where npm is missing or fails
 */
export async function installWorkerRuntime(options: InstallRuntimeOptions): Promise<string> {
  const hash = runtimeHash(options.lockDir);
  const path = runtimePath(options.home, hash);
  if (existsSync(path)) return path;
  const place = options.cache === undefined ? dirname(path) : join(options.cache, "runtimes", hash);
  if (!existsSync(join(place, "node_modules"))) await npmInstall(options, place);
  if (place !== dirname(path)) link(place, dirname(path));
  return path;
}

async function npmInstall(options: InstallRuntimeOptions, place: string): Promise<void> {
  mkdirSync(dirname(place), { recursive: true, mode: 0o700 });
  const work = mkdtempSync(join(dirname(place), ".making-"));
  try {
    for (const name of ["package.json", "package-lock.json"]) copyFileSync(join(options.lockDir, name), join(work, name));
    options.onProgress("installing what the worker needs (263 MB)");
    const { code, words } = await runNpm(options, work);
    if (code !== 0) {
      throw new OpsError(
        "setup_needed",
        code === undefined
          ? "The worker's runtime cannot be installed: there is no npm."
          : `The worker's runtime cannot be installed: npm ended with ${code}.`,
        { hint: `npm's last words: ${words}` },
      );
    }
    moveInto(work, place);
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

/** Another one may have been faster: its result is the same. */
function moveInto(work: string, place: string): void {
  try {
    renameSync(work, place);
  } catch (error) {
    if (!existsSync(join(place, "node_modules"))) throw error;
  }
}

function link(place: string, at: string): void {
  mkdirSync(dirname(at), { recursive: true, mode: 0o700 });
  rmSync(at, { force: true, recursive: true });
  try {
    symlinkSync(place, at);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
  }
}

function runNpm(options: InstallRuntimeOptions, cwd: string): Promise<{ code: number | undefined; words: string }> {
  return new Promise((resolve) => {
    const base = options.env === undefined ? {} : { env: { ...options.env } };
    const child = spawn(options.npm ?? "npm", ["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"], {
      cwd,
      ...base,
      stdio: ["ignore", "ignore", "pipe"],
    });
    let words = "";
    child.stderr.setEncoding("utf8").on("data", (chunk: string) => {
      words = (words + chunk).slice(-500);
    });
    child.once("error", () => resolve({ code: undefined, words: "" }));
    child.once("close", (code) => resolve({ code: code ?? 1, words: words.trim() }));
  });
}
