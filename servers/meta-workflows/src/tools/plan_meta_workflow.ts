import { dryRunText, planDefinition } from "@platform-ops/meta-workflow-registry/plan";
import { z } from "zod";
import { tool } from "../deps.ts";
import { closureOf } from "../library/closure-of.ts";
import { inputs, inputsOf } from "./params.ts";

/** Of each list; the text counts what it leaves out. */
const SHOWN = 40;

export const plan_meta_workflow = tool({
  name: "plan_meta_workflow",
  title: "Plan meta-workflow",
  description: "Dry run: branches, calls, approvals, risk, what is not known yet. Starts nothing.",
  effect: "read",
  toolset: "library",
  openWorld: false,
  input: z.strictObject({ workflow_name: z.string().min(1).max(200), inputs }),
  async run({ workflow_name, inputs: given }, deps) {
    const closure = await closureOf(deps.library, await deps.library.find(workflow_name));
    const plan = planDefinition(closure, inputsOf(given));
    const { steps, calls, branches, ...rest } = plan;
    const next = { tool: "start_workflow", arguments: { workflow_name, ...(given === undefined ? {} : { inputs: given }) } };
    return {
      text: `${dryRunText(plan)}\nNext: start_workflow, where the user agrees.`,
      data: {
        ...rest,
        branches: branches.slice(0, SHOWN),
        calls: calls.slice(0, SHOWN),
        steps: steps.slice(0, SHOWN).map(({ path, type, chance, title }) => ({ path, type, chance, title })),
        truncated: [steps, calls, branches].some((list) => list.length > SHOWN),
        next,
      },
    };
  },
});
