import { planDefinition, dryRunText } from "@platform-ops/meta-workflow-registry/plan";
import type { AuthorsRun } from "../authors-run.ts";
import { pickDefinition, readInputs } from "./pick-definition.ts";
import { printable } from "@platform-ops/ledger";

const MOST_CHARACTERS = 200_000;

/** `plan`: 0 where a run would start, 1 where its inputs do not fit. */
export const plan: AuthorsRun = async (input, deps, terminal) => {
  const { closure } = await pickDefinition(deps, input, "plan ID|PATH [--inputs JSON]");
  const dryRun = planDefinition(closure, (await readInputs(input.options["inputs"], deps.config.cwd)) ?? {});
  terminal.stdout(
    input.options["json"] === true ? `${JSON.stringify(dryRun, undefined, 2)}\n` : `${printable(dryRunText(dryRun, MOST_CHARACTERS))}\n`,
  );
  return dryRun.problems.length === 0 ? 0 : 1;
};
