import { basename, dirname } from "node:path";
import { OpsError } from "@platform-ops/errors";
import { digestOfDefinitions, parseDefinition } from "@platform-ops/meta-workflow-registry/definition";
import { commitHash, refName } from "../../executors/checks/git-repository.ts";
import { findProgram } from "../../executors/programs/find-program.ts";
import { runBounded } from "../../executors/programs/run-bounded.ts";
import type { DefinitionFile } from "./definition-set.ts";

const WITHIN_MS = 20_000;
/** Objects are read as they are: nothing that the repository names is started, nothing is fetched. */
const ENVIRONMENT = { GIT_TERMINAL_PROMPT: "0", GIT_NO_LAZY_FETCH: "1", GIT_OPTIONAL_LOCKS: "0", LC_ALL: "C" } as const;

/**
 * Version and digest of each definition as it stood at a git revision, by id; what was not there then is left out.
 * @throws OpsError invalid_input where the revision is none, program_missing without git
 */
export async function publishedAt(
  revision: string,
  files: readonly DefinitionFile[],
  { path, home, signal }: { readonly path: string; readonly home: string; readonly signal: AbortSignal },
): Promise<ReadonlyMap<string, { readonly version: string; readonly digest: string }>> {
  if (!commitHash.safeParse(revision).success && !refName.safeParse(revision.replace(/[~^]\d{0,4}$/, "")).success)
    throw new OpsError("invalid_input", `--since: ${JSON.stringify(revision.slice(0, 100))} is no name of a branch, tag or commit.`);
  const git = await findProgram("git", ["git"], path);
  const published = new Map<string, { readonly version: string; readonly digest: string }>();
  const env = { ...ENVIRONMENT, PATH: path, HOME: home };
  const known = new Set<string>();
  for (const file of files) {
    const cwd = dirname(file.path);
    const run = (...args: string[]) => runBounded(git, args, { cwd, env, timeoutMs: WITHIN_MS, signal });
    if (!known.has(cwd)) {
      const commit = await run("rev-parse", "--verify", "--quiet", "--end-of-options", `${revision}^{commit}`);
      if (commit.code !== 0)
        throw new OpsError("invalid_input", `--since: ${file.shown} stands in no git repository that knows ${JSON.stringify(revision)}.`);
      known.add(cwd);
    }
    const { code, stdout } = await run("cat-file", "blob", `${revision}:./${basename(file.path)}`);
    const { definition } = code === 0 ? parseDefinition(stdout) : {};
    if (definition !== undefined)
      published.set(definition.id, { version: definition.version, digest: digestOfDefinitions({ [definition.id]: definition }) });
  }
  return published;
}
