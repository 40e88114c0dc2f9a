import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { dirname, isAbsolute, join, relative } from "node:path";
import { OpsError } from "@platform-ops/errors";
import { runtimeHash, runtimePath } from "./worker-runtime.ts";

/** A worker build in the data directory. */
export interface WorkerBuild {
  /** `<home>/workers/<server>-<version>-<hash>` */
  readonly dir: string;
  readonly server: string;
  readonly version: string;
  /** ISO 8601. */
  readonly builtAt: string;
  readonly hash: string;
  /** Whether its runtime is installed. */
  readonly ready: boolean;
}

export interface InstallBuildOptions {
  readonly home: string;
  /** A server's dist folder: worker.cjs, workflow-bundle.js, supervisor.cjs, build.json, runtime/. */
  readonly from: string;
}

/**
 * Copies a server's worker build into the data directory, because package runners prune what open runs still need, and
 * ties it to its runtime. A build that is there already is left as it is: its name holds its hash.
 * @throws OpsError setup_needed, where `from` is not a build
 */
export async function installWorkerBuild(options: InstallBuildOptions): Promise<WorkerBuild> {
  const facts = readFacts(options.from);
  const dir = join(options.home, "workers", `${facts.server}-${facts.version}-${facts.hash}`);
  if (!existsSync(dir)) copyBuild(options, dir);
  noteOrigin(options.from, dir);
  return { dir, ...facts, ready: existsSync(join(dir, "node_modules", "@temporalio", "worker")) };
}

const ORIGIN = "installed-from";

/**
 * The folder that a build was copied from, for what is found beside it; the build's own folder where it is no copy. It may be
 * gone by now.
 */
export function installedFrom(dist: string): string {
  return readOrigin(dist) ?? dist;
}

/** Of several installations that hold the same build, the one that asked last. */
function noteOrigin(from: string, dir: string): void {
  if (readOrigin(dir) === from) return;
  const work = join(dir, `.${ORIGIN}-${process.pid}`);
  try {
    writeFileSync(work, from, { mode: 0o600 });
    renameSync(work, join(dir, ORIGIN));
  } catch {
    // Nothing depends on it but what is looked for beside it.
    rmSync(work, { force: true });
  }
}

function readOrigin(dist: string): string | undefined {
  try {
    const noted = readFileSync(join(dist, ORIGIN), "utf8");
    return isAbsolute(noted) ? noted : undefined;
  } catch {
    return undefined;
  }
}

function readFacts(from: string): Pick<WorkerBuild, "server" | "version" | "builtAt" | "hash"> {
  let value: Record<string, unknown>;
  try {
    value = JSON.parse(readFileSync(join(from, "build.json"), "utf8")) as Record<string, unknown>;
  } catch (cause) {
    throw new OpsError("setup_needed", `There is no build in ${from}.`, { hint: "Build this server, or install it again.", cause });
  }
  const word = (key: string): string => {
    const text = value[key];
    if (typeof text !== "string" || !/^[0-9A-Za-z][0-9A-Za-z.:+-]{0,99}$/.test(text))
      throw new OpsError("setup_needed", `build.json in ${from} has no good \`${key}\`.`, {
        hint: "Build this server, or install it again.",
      });
    return text;
  };
  return { server: word("server"), version: word("version"), hash: word("hash"), builtAt: word("built_at") };
}

function copyBuild({ home, from }: InstallBuildOptions, dir: string): void {
  mkdirSync(dirname(dir), { recursive: true, mode: 0o700 });
  const work = mkdtempSync(join(dirname(dir), ".making-"));
  try {
    for (const name of readdirSync(from)) {
      if (name === "node_modules" || name === "cache") continue;
      cpSync(join(from, name), join(work, name), { recursive: true, dereference: true });
    }
    const runtime = runtimePath(home, runtimeHash(join(from, "runtime")));
    symlinkSync(relative(dir, runtime), join(work, "node_modules"));
    renameSync(work, dir);
  } catch (error) {
    if (!existsSync(join(dir, "build.json"))) throw error; // else another one was faster
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}
