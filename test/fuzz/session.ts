import { mkdir, mkdtemp, realpath, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { PublishedBin } from "../support/published-bins.ts";

/** What came of one session with one server. */
export interface SessionReport {
  readonly title: string;
  /** The session again: `npm run fuzz --` and this. */
  readonly repeat: string;
  readonly messages: number;
  readonly problems: readonly string[];
  /** Memory and handles before and after. */
  readonly held: string;
}

export interface SessionOptions {
  readonly published: PublishedBin;
  readonly seed: number;
  readonly messages: number;
}

/** How much more memory than after its warm-up a server may hold in the end, in MB. Garbage is collected late. */
export const MEMORY_MB = 120;

/** A home of its own, and a machine on which nothing was set up: calls are checked and refused, and start no program. */
export async function emptyMachine(): Promise<AsyncDisposable & { readonly folder: string; readonly env: Record<string, string> }> {
  const folder = await realpath(await mkdtemp(join(tmpdir(), "platform-ops-fuzz-")));
  await mkdir(join(folder, "project"));
  return {
    folder,
    env: {
      PLATFORM_OPS_HOME: join(folder, "home"),
      PLATFORM_OPS_CACHE: join(folder, "cache"),
      HOME: folder,
      PATH: join(folder, "no-programs"),
    },
    [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }),
  };
}

/** What was answered and should not be in an answer: a stack, a path of the program. */
export function leakIn(line: string): string | undefined {
  return /\\n\s+at [\w.<>]+ \(|node:internal|\/dist\/[\w-]+\.(?:cjs|js):\d+/.exec(line)?.[0];
}
