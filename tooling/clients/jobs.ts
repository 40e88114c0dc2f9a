import { openTerminal } from "../../test/support/terminal.ts";
import type { Script } from "./scripted-model.ts";

/** Where a job is done. */
export interface Place {
  readonly project: string;
  /** The environment of the person's terminal. */
  readonly env: Readonly<Record<string, string>>;
  /** The bin with which the person decides. */
  readonly terraformBin: string;
  say(text: string): void;
}

/**
 * What an agent does with all three servers: the clusters that may be reached; four workspaces listed, planned, applied once a
 * person approved at a terminal, their outputs read; a runbook found, started and cancelled. Throws where an answer, as the
 * model saw it, does not hold what the next call needs.
 */
export async function* threeServers(place: Place): Script {
  const environments = yield { server: "flux-teleport", tool: "list_environments", args: {} };
  found(environments, /No cluster may be reached/, "list_environments");
  yield* applyWithApproval(place);
  const matches = yield { server: "meta-workflows", tool: "match_meta_workflow", args: { intent: "production is down" } };
  found(matches, /emergency-hotfix/, "match_meta_workflow");
  const started = yield {
    server: "meta-workflows",
    tool: "start_workflow",
    args: { workflow_name: "planning:interactive", inputs: { task_description: "Tidy up the tests." } },
  };
  const run = found(started, /\bmw-\w{20,}/, "start_workflow");
  found(yield { server: "meta-workflows", tool: "control_run", args: { workflow_id: run, command: "cancel" } }, /cancel/i, "control_run");
}

async function* applyWithApproval({ project, env, terraformBin, say }: Place): Script {
  const terraform = (tool: string, args: Record<string, unknown>) => ({ server: "terraform", tool, args });
  found(yield terraform("list_workflows", { config_path: "infra.yaml" }), /subnets/, "list_workflows");
  const started = yield terraform("execute_workflow", { config_path: "infra.yaml" });
  const workflow_id = found(started, /\bterraform-parent-workflow-\w+/, "execute_workflow");
  for (let looks = 0; ; looks += 1) {
    if (looks === 60) throw new Error("the run does not end");
    const status = yield terraform("get_workflow_status", { workflow_id, wait_seconds: 30 });
    if (/awaiting_approval/.test(status)) {
      const asked = yield terraform("request_approval", { workflow_id });
      const approval = found(asked, /\b(apr_\w+)/, "request_approval");
      await using terminal = await openTerminal({ cwd: project, env });
      const { code } = await terminal.run(`'${process.execPath}' '${terraformBin}' approve ${approval}`, [
        { after: /Type "apply default"/, text: "apply default" },
      ]);
      say(`  a person at a terminal: approve ${approval}, exit ${code}`);
      if (code !== 0) throw new Error(`approve ${approval} ended with ${code}`);
    } else if (/COMPLETED/.test(status)) break;
    else if (/FAILED|CANCELED/.test(status)) throw new Error(`the run ended otherwise: ${status}`);
  }
  found(yield terraform("get_outputs", { workflow_id, workspace: "service" }), /service/, "get_outputs");
}

function found(answer: string, what: RegExp, tool: string): string {
  const [all, part] = what.exec(answer) ?? [];
  if (all === undefined || /invalid_input/.test(answer))
    throw new Error(`${tool} answered, as the model saw it, and not ${what}: ${answer.slice(0, 2000)}`);
  return part ?? all;
}
