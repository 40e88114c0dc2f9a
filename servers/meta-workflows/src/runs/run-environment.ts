import { pickVariables, USUAL_VARIABLES } from "@platform-ops/ledger";
import { everyStep, type Closure, type Step } from "@platform-ops/meta-workflow-registry/definition";
import type { MetaWorkflowsDeps } from "../deps.ts";
import type { RunEnvironment } from "../worker/run-contract.ts";

/** What a run's calls need of variables: none, those of programs, or those of servers too. */
type Need = "none" | "programs" | "servers";

/** A process's variables do not change: each artifact is written once. */
const kept = new WeakMap<MetaWorkflowsDeps, Map<Need, Promise<string>>>();

/**
 * The run's own environment: of the variables of the process that starts it those that its calls may be given, kept as a sealed
 * artifact; the worker makes the run's calls with exactly these, whoever started the worker. Undefined where the server makes no
 * call for the run. A secret that the operator keeps in a file is read when it is used.
 */
export async function captureEnvironment(deps: MetaWorkflowsDeps, closure: Closure): Promise<string | undefined> {
  const need = needOf(closure);
  if (need === "none") return undefined;
  const known = kept.get(deps) ?? new Map<Need, Promise<string>>();
  kept.set(deps, known);
  const capturing = known.get(need) ?? capture(deps, need);
  known.set(need, capturing);
  capturing.catch(() => known.delete(need));
  return await capturing;
}

async function capture({ config, ledger }: MetaWorkflowsDeps, need: Need): Promise<string> {
  const { variables, secrets } = config.settings.meta_workflows;
  const ofSecrets = Object.values(secrets).flatMap((from) => ("env" in from ? [from.env] : []));
  // Our own servers keep their own laws and read what they need themselves; which others a binding names is the worker's to say.
  const names = need === "servers" ? ["*"] : [...USUAL_VARIABLES, ...variables, ...ofSecrets];
  const environment: RunEnvironment = { variables: pickVariables(config.env, names) };
  const { artifacts } = await ledger();
  return await artifacts.putJson(environment, { kind: "environment" });
}

/** What the calls of all definitions of a run need. */
export function needOf({ definitions }: Closure): Need {
  const needs = Object.values(definitions).flatMap((definition) => [...everyStep(definition)].flatMap(needsOfStep));
  return needs.includes("servers") ? "servers" : needs.includes("programs") ? "programs" : "none";
}

function needsOfStep(step: Step): Need[] {
  const probes = [
    step.reconcile?.probe,
    ...(step.type === "check" ? [step.probe] : []),
    ...(step.type === "wait" ? [step.until?.probe] : []),
    ...(step.type === "prompt" || step.type === "delegate" ? step.accept.map(({ probe }) => probe) : []),
  ].filter((probe) => probe !== undefined);
  return [
    ...probes.map(({ kind }): Need => (kind === "program" ? "programs" : "servers")),
    ...(step.type === "shell" && step.runs_on === "server" ? ["programs" as const] : []),
    ...(step.type === "mcp_call" && step.runs_on === "server" ? ["servers" as const] : []),
    ...(step.compensate === undefined || "prompt" in step.compensate
      ? []
      : ["program" in step.compensate ? ("programs" as const) : ("servers" as const)]),
  ];
}
