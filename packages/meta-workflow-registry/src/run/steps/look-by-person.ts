import type { Json, JsonSchema } from "../../definition/definition.ts";
import type { Here } from "../here.ts";
import type { Walk } from "../walk.ts";
import { ask, common, outputOf } from "./agent-work.ts";

const DAY = 24 * 60 * 60_000;

const ANSWER: JsonSchema = {
  type: "object",
  additionalProperties: false,
  required: ["happened"],
  properties: {
    happened: { type: "boolean", description: "True where the effect is there." },
    output: { description: "What the step would have given." },
    note: { type: "string", maxLength: 4000 },
  },
};

/** Asks a person whether an effect happened, by the key that it would have left. */
export async function lookByPerson(
  walk: Walk,
  here: Here,
  looks: number,
  message: string,
): Promise<{ readonly happened: boolean; readonly output: Json }> {
  // Each look is a question of its own: an answer of before says nothing about what was made since.
  const of = common(walk, here, 1 + looks);
  const result = await ask(
    walk,
    here,
    {
      ...of,
      title: `Did it happen? ${of.title}`,
      type: "prompt",
      executor: "human",
      instructions: `It is not known whether \`${here.path}\` happened: ${message}\n\nLook for the key \`${of.effect_key}\` where it would have left a trace. Do not make it again: if it had not happened, the run makes it.`,
      parameters: { effect_key: of.effect_key },
      context: [],
      result_schema: ANSWER,
      accept: [],
      evidence: [],
      lease_ms: DAY,
      max_attempts: 1,
      on_deadline: "end",
    },
    () => [],
  );
  const answer = outputOf(result) as { readonly happened: boolean; readonly output?: Json };
  return { happened: answer.happened, output: answer.output ?? null };
}
