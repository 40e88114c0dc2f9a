import { PLACES, definitions } from "./definitions.ts";
import type { SettingProblem } from "./problems.ts";
import { didYouMean } from "./suggestion.ts";

const PREFIX = "PLATFORM_OPS_";
/** Switches of our own tests; no setting. */
const TESTS = "PLATFORM_OPS_TEST_";

/** Per setting (or place) the variable that speaks for it and its text. An empty variable says nothing. */
export type Variables = ReadonlyMap<string, { variable: string; text: string }>;

/** Picks the settings out of the environment. A variable with our prefix that no setting has is a problem. */
export function readVariables(env: Readonly<Record<string, string | undefined>>): { values: Variables; problems: SettingProblem[] } {
  const values = new Map<string, { variable: string; text: string }>();
  const known = new Set<string>();
  const take = (name: string, variable: string): void => {
    known.add(variable);
    const text = env[variable];
    if (text !== undefined && text.trim() !== "" && !values.has(name)) values.set(name, { variable, text: text.trim() });
  };
  for (const [name, place] of Object.entries(PLACES)) take(name, place.variable);
  for (const { name, variables } of definitions()) for (const variable of variables) take(name, variable);
  const problems = Object.keys(env)
    .filter((variable) => variable.startsWith(PREFIX) && !variable.startsWith(TESTS) && !known.has(variable) && env[variable] !== undefined)
    .map((variable) => unknownVariable(variable, known));
  return { values, problems };
}

function unknownVariable(variable: string, known: ReadonlySet<string>): SettingProblem {
  const from = `env ${variable}`;
  if (/^PLATFORM_OPS_(APPROVALS|ENVIRONMENTS?)(_|$)/.test(variable)) {
    return { setting: variable, from, message: "Approvals and environments come from the operator's file only; no variable changes them." };
  }
  const ours = [...known].filter((name) => name.startsWith(PREFIX));
  return { setting: variable, from, message: `No setting has this variable.${didYouMean(variable, ours)}` };
}
