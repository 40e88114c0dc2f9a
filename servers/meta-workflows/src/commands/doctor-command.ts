import { commonChecks, doctorCommand, type Check } from "@platform-ops/ledger";
import { diagnoseTemporal, setupCommand, workerCheck } from "@platform-ops/orchestration";
import type { MetaWorkflowsDeps } from "../deps.ts";

/** `setup`: brings what durable runs need. */
export const setup = setupCommand<MetaWorkflowsDeps>(({ durable, ledger }) => ({ server: durable, openLedger: ledger }));

/** `doctor`: what every server needs, Temporal, the worker, and the runbooks. */
export const doctor = doctorCommand<MetaWorkflowsDeps>({ checks: diagnose, fix: setup.run });

async function diagnose(deps: MetaWorkflowsDeps): Promise<Check[]> {
  const { settings, policy, path } = deps.config;
  const { home, cache, temporal } = settings;
  const parts = await Promise.all([
    commonChecks({ home, policy, open: deps.ledger }),
    diagnoseTemporal({ home, cache, path, temporal }),
    workerCheck(deps.durable),
    runbooks(deps),
  ]);
  return parts.flat();
}

async function runbooks({ library }: MetaWorkflowsDeps): Promise<Check> {
  const { entries, problems } = await library.read();
  const found = `${entries.length} (${entries.filter(({ definition }) => definition !== undefined).length} with a definition)`;
  const [first] = problems;
  return first === undefined
    ? { name: "runbooks", status: "ok", found }
    : {
        name: "runbooks",
        status: "warn",
        found: `${found}, ${problems.length} problem(s)`,
        cure: `${first.file}:${first.line}: ${first.message}`,
      };
}
