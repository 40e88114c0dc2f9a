import { everyStep, type Definition, type Json } from "@platform-ops/meta-workflow-registry/definition";
import { stringify } from "yaml";
import type { Played } from "../simulation/play-through.ts";

/** A first definition: an agent does something and a person could read what it should have done. It has no problem. */
export function firstDefinition(id: string): string {
  const words = id.replaceAll(/[-_:]+/g, " ");
  return `schema: meta-workflow/v1
id: ${JSON.stringify(id)}
name: ${JSON.stringify(words.charAt(0).toUpperCase() + words.slice(1))}
description: What it is for, in a sentence or two.
version: 0.1.0
status: draft
triggers:
  phrases:
    - ${JSON.stringify(`Run ${words}`)}
inputs:
  type: object
  additionalProperties: false
  required: [subject]
  properties:
    subject: { type: string, minLength: 1, maxLength: 200, description: What it is about. }

steps:
  - id: look
    type: prompt
    title: Look first
    instructions: |
      Look at \${{ inputs.subject }}, read only, and say what you found.
      It is done when every finding names where it was seen.
    result:
      type: object
      additionalProperties: false
      required: [findings, needs_change]
      properties:
        findings: { type: array, minItems: 1, maxItems: 20, items: { type: string, minLength: 3, maxLength: 2000 } }
        needs_change: { type: boolean }

  - id: change
    type: prompt
    when: steps.look.output.needs_change
    title: Change what is wrong
    instructions: |
      Change what you found wrong with \${{ inputs.subject }}, and nothing else.
      It is done when a look shows that each finding is gone.
    give: { findings: "\${{ steps.look.output.findings }}" }
    result:
      type: object
      additionalProperties: false
      required: [changed]
      properties:
        changed: { type: string, minLength: 3, maxLength: 4000 }

  - id: done
    type: return
    value: { findings: "\${{ steps.look.output.findings }}" }
`;
}

/** A definition's text with the id that was asked for, and the line that tells editors its schema. */
export function withHead(yaml: string, id: string): string {
  const named = yaml.replace(/^id: .*$/m, () => `id: ${JSON.stringify(id)}`);
  return `# yaml-language-server: $schema=../schema/v1.json\n${named}`;
}

/** The scenario of a run that was played through and went well: the same inputs and answers, and the same end. */
export function happyScenario(definition: Definition, inputs: { readonly [name: string]: Json }, { sim, answered }: Played): string {
  const approvals = [...everyStep(definition)].flatMap(({ id, type }) => (type === "approval" ? [[id, "approve"] as const] : []));
  const order = sim.timeline.filter(({ what, path }) => what === "done" && !/[[/]/.test(path)).map(({ path }) => path);
  return stringify(
    {
      scenario: "all goes well",
      workflow: definition.id,
      inputs,
      ...(answered.length === 0
        ? {}
        : { agents: { agent: { does: answered.map(({ action, said }) => ({ when: action.step_id, submit: said.result })) } } }),
      ...(approvals.length === 0 ? {} : { approvals: Object.fromEntries(approvals) }),
      expect: { end: sim.end?.status ?? "blocked", order: [...new Set(order)] },
    },
    { lineWidth: 0, aliasDuplicateObjects: false },
  );
}
