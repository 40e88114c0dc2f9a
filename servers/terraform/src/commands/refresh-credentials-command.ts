import { OpsError } from "@platform-ops/errors";
import { defineCommand } from "@platform-ops/ledger";
import type { TerraformDeps } from "../deps.ts";
import { renewEnvironment } from "../runs/run-environment.ts";
import { SIGNAL_REFRESH } from "../worker/run-contract.ts";
import { readRun } from "../runs/run-view.ts";
import { readMemo } from "../worker/run-memo.ts";

/** `refresh-credentials RUN`: hands this terminal's credentials to an open run that waits for them. */
export const refreshCredentialsCommand = defineCommand<TerraformDeps>({
  name: "refresh-credentials",
  summary: "Hand this terminal's renewed credentials to an open run",
  usage: "refresh-credentials RUN",
  examples: ["refresh-credentials terraform-parent-workflow-…"],
  async run({ positionals }, deps, terminal) {
    const [id] = positionals;
    if (id === undefined) throw new OpsError("invalid_input", "refresh-credentials needs the id of a run.", { hint: "`runs` lists them." });
    const view = await readRun(deps, id);
    if (!view.open)
      throw new OpsError("conflict", `${id} has ended already: ${view.phase}.`, { hint: "Start a new run.", retryable: false });
    const { artifacts, audit } = await deps.ledger();
    const orchestration = await deps.orchestration({ worker: true });
    const { environment, names } = await renewEnvironment(deps, readMemo((await orchestration.describe(id)).memo));
    const digest = await artifacts.putJson(environment, { kind: "environment" });
    await orchestration.signal(id, SIGNAL_REFRESH, digest);
    await audit.append({
      kind: "command",
      actor: `tty:${deps.config.user}`,
      what: "refresh-credentials",
      target: id,
      digest,
      outcome: "sent",
    });
    terminal.stdout(
      names.length === 0
        ? `${id} tries again with the variables that it has: this terminal has none to hand over.\n`
        : `${id} goes on with these variables of this terminal: ${names.join(", ")}\n`,
    );
    return 0;
  },
});
