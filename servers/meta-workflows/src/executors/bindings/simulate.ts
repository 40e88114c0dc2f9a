import type { CallOutcome } from "@platform-ops/meta-workflow-registry/run";
import type { Json } from "@platform-ops/meta-workflow-registry/definition";
import { canonicalJson } from "@platform-ops/ledger";
import { failed } from "../outcome.ts";
import type { SimulatedAnswer } from "./bindings.ts";

/** The first answer whose `with` the arguments hold. Every one says that it is simulated: nothing was looked at or changed. */
export function simulate(capability: string, answers: readonly SimulatedAnswer[], args: { readonly [name: string]: Json }): CallOutcome {
  const found = answers.find((answer) => Object.entries(answer.with).every(([name, value]) => holds(args[name], value)));
  if (found === undefined) return failed("simulation_incomplete", `simulated: no answer of ${capability} is for these arguments.`);
  if (found.fail !== undefined) return failed(found.fail.code, `simulated: ${found.fail.message}`, { simulated: true });
  if (found.unknown !== undefined) return { status: "unknown", message: `simulated: ${found.unknown}` };
  return { status: "done", output: marked(found.output ?? null), simulated: true };
}

function holds(given: Json | undefined, wanted: Json): boolean {
  return given !== undefined && canonicalJson(given) === canonicalJson(wanted);
}

/** A map says it itself; what cannot is put into one. */
function marked(output: Json): Json {
  const isMap = typeof output === "object" && output !== null && !Array.isArray(output);
  return isMap ? { ...output, simulated: true } : { value: output, simulated: true };
}
