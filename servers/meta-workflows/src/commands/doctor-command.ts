import { doctorCommand, programCheck, type Check } from "@platform-ops/ledger";
import { serverChecks } from "@platform-ops/mcp-kit";
import { durableChecks, setupCommand } from "@platform-ops/orchestration";
import type { MetaWorkflowsDeps } from "../deps.ts";
import { IDENTITY } from "../identity.ts";

/** `setup`: brings what durable runs need. */
export const setup = setupCommand<MetaWorkflowsDeps>(({ durable, ledger }) => ({ server: durable, openLedger: ledger }));

/** `doctor`: what every server needs, Temporal, the worker, the runbooks, and what their steps are carried out with. */
export const doctor = doctorCommand<MetaWorkflowsDeps>(IDENTITY.bin, async (deps) => {
  const parts = await Promise.all([
    serverChecks(deps),
    durableChecks(deps.durable, () => import("@platform-ops/orchestration/client")),
    runbooks(deps),
    git(deps),
  ]);
  return parts.flat();
});

async function runbooks({ library }: MetaWorkflowsDeps): Promise<Check> {
  const about = { id: "runbooks", name: "runbooks" } as const;
  const { entries, problems } = await library.read();
  const found = `${entries.length} (${entries.filter(({ definition }) => definition !== undefined).length} with a definition)`;
  const [first] = problems;
  if (first === undefined) return { ...about, status: "ok", found };
  const cure = `${first.file}:${first.line}: ${first.message}`;
  return { ...about, status: "warn", found: `${found}, ${problems.length} problem(s)`, cure };
}

/** The server checks by it what an agent says that it committed. */
async function git({ config }: MetaWorkflowsDeps): Promise<Check> {
  const cure = "Install git: steps that say what was committed cannot be checked without it.";
  return await programCheck(
    { id: "git", program: "git", versionArgs: ["--version"], version: /git version (\d+\.\d+[.\d]*)/, otherwise: "warn", cure },
    { searchPath: config.path, env: config.env },
  );
}
