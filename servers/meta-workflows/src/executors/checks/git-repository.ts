import { OpsError } from "@platform-ops/errors";
import { z } from "zod";
import { allowedFolder, allowedPath } from "../allowed-path.ts";
import type { ExecutorDeps } from "../executor-deps.ts";
import { findProgram } from "../programs/find-program.ts";
import { runBounded, type BoundedRun } from "../programs/run-bounded.ts";
import type { CheckContext } from "./check.ts";

/** A commit by its hash, whole or shortened. */
export const commitHash = z.string().regex(/^[0-9a-f]{7,64}$/i, "must be a commit's hash, of 7 hexadecimal digits or more");

/** A name by git-check-ref-format(1), which besides never begins with a dash. */
export const refName = z
  .string()
  .min(1)
  .max(250)
  // eslint-disable-next-line no-control-regex
  .refine((name) => !/[\u0000-\u0020\u007f~^:?*[\\]|\.\.|@\{|\/\/|\/$|\.$|^@$/.test(name), "must be the name of a branch, tag or commit")
  .refine((name) => name.split("/").every((part) => !part.startsWith(".") && !part.startsWith("-") && !part.endsWith(".lock")), {
    message: "must not have a part that begins with . or -, or ends with .lock",
  });

export const repository = z
  .string()
  .min(1)
  .max(4_096)
  .optional()
  .describe("Folder of the repository; the first allowed folder by default.");

/** Nothing of the repository, the account or the machine decides what git starts: who writes to a repository writes its configuration too. */
const HARMLESS = [
  "core.fsmonitor=false",
  "core.hooksPath=/dev/null",
  "core.pager=cat",
  "core.askPass=",
  "core.sshCommand=false",
  "core.gitProxy=",
  "core.untrackedCache=false",
  "diff.external=",
  "protocol.allow=never",
  "submodule.recurse=false",
  "log.showSignature=false",
  "gpg.program=false",
].flatMap((setting) => ["-c", setting]);

const ENVIRONMENT = {
  GIT_CONFIG_NOSYSTEM: "1",
  GIT_CONFIG_GLOBAL: "/dev/null",
  GIT_TERMINAL_PROMPT: "0",
  GIT_OPTIONAL_LOCKS: "0",
  GIT_NO_LAZY_FETCH: "1",
  GIT_NO_REPLACE_OBJECTS: "1",
  LC_ALL: "C",
} as const;

/** A repository inside the allowed folders, to be looked at. */
export interface GitRepository {
  readonly folder: string;
  /** Runs git, which changes nothing and starts nothing that the repository names. */
  git(...args: readonly string[]): Promise<BoundedRun>;
}

/** @throws OpsError path_not_allowed, not_found, program_missing, invalid_input where it is no repository */
export async function openRepository(deps: ExecutorDeps, path: string | undefined, context: CheckContext): Promise<GitRepository> {
  const { working_directories } = deps.settings;
  const cwd = await allowedFolder(working_directories, path);
  const program = await findProgram("git", ["git"], deps.environment["PATH"]);
  const env = { PATH: deps.environment["PATH"] ?? "", HOME: "/nonexistent", ...ENVIRONMENT };
  const run = (...args: readonly string[]): Promise<BoundedRun> =>
    runBounded(program, args, { cwd, env, timeoutMs: context.timeoutMs, signal: context.call.signal });
  const top = await run(...HARMLESS, "rev-parse", "--show-toplevel");
  const folder = top.stdout.replace(/\n$/, "");
  if (top.code !== 0 || folder === "") {
    const isForeign = top.stderr.includes("dubious ownership");
    throw new OpsError(
      "invalid_input",
      `${JSON.stringify(path ?? ".")} ${isForeign ? "is a repository of another account" : "is no git repository"}.`,
      {
        hint: isForeign ? "Run the worker as the account that owns it." : "Name the folder of a repository.",
      },
    );
  }
  // A repository may say that its files lie elsewhere.
  await allowedPath(working_directories, folder);
  const filters = await filterSettings(run);
  return { folder, git: (...args) => run(...HARMLESS, ...filters, ...args) };
}

/** Filters are programs that the repository's own configuration names: each is switched off by its name. */
async function filterSettings(run: (...args: readonly string[]) => Promise<BoundedRun>): Promise<string[]> {
  const found = await run(...HARMLESS, "config", "--includes", "--null", "--name-only", "--get-regexp", "^filter\\.");
  const names = new Set(found.stdout.split("\0").flatMap((key) => /^filter\.(.*)\.[^.]+$/s.exec(key)?.[1] ?? []));
  if (names.size > 100 || [...names].some((name) => name.includes("=") || name.includes("\n")))
    throw new OpsError("not_allowed", "The repository names filter programs that cannot be switched off, so it is not looked at.");
  return [...names].flatMap((name) =>
    ["clean=", "smudge=", "process=", "required=false"].flatMap((setting) => ["-c", `filter.${name}.${setting}`]),
  );
}

/** Entries of git's `-z` output. */
export const entries = (text: string): string[] => text.split("\0").filter((entry) => entry !== "");

/** The whole hash of what a name stands for, as a commit; undefined where there is none. */
export async function commitOf(opened: GitRepository, name: string): Promise<string | undefined> {
  const { code, stdout } = await opened.git("rev-parse", "--verify", "--quiet", "--end-of-options", `${name}^{commit}`);
  return code === 0 && /^[0-9a-f]{40,64}\n$/.test(stdout) ? stdout.trim() : undefined;
}
