import { readFile } from "node:fs/promises";
import { resolve } from "node:path";
import { OpsError } from "@platform-ops/errors";
import { closeOver, type Closure, type Definition, type Json } from "@platform-ops/meta-workflow-registry/definition";
import type { CommandInput } from "@platform-ops/ledger";
import type { MetaWorkflowsDeps } from "../../deps.ts";
import { readSet, scenariosBeside, usualFolders, type DefinitionFile, type DefinitionSet } from "./definition-set.ts";
import { problemText } from "./problem-text.ts";

type Deps = Pick<MetaWorkflowsDeps, "config" | "library">;

/** A definition that was asked for, with all that it calls. */
export interface Picked {
  readonly definition: Definition;
  readonly closure: Closure;
  /** Paths of the scenarios beside it. */
  readonly scenarios: readonly string[];
}

const LIKE_A_PATH = /[/\\]|^\.|\.ya?ml$/i;
const MOST_BYTES = 262_144;

/**
 * The definition that the one argument of a subcommand means: a path, else an id among the author's own, else an id that the server knows.
 * @throws OpsError invalid_input, not_found, definition_invalid
 */
export async function pickDefinition(deps: Deps, { positionals }: Pick<CommandInput, "positionals">, usage: string): Promise<Picked> {
  const [wanted, ...more] = positionals;
  if (wanted === undefined || wanted === "" || more.length > 0)
    throw new OpsError("invalid_input", "One workflow must be named, by its id or the path of its definition.", {
      hint: `Usage: ${usage}`,
    });
  if (LIKE_A_PATH.test(wanted)) {
    const set = await readSet(deps, [wanted]);
    const [file, ...others] = set.definitions;
    if (file === undefined || others.length > 0)
      throw new OpsError("invalid_input", `${JSON.stringify(wanted.slice(0, 200))} holds ${set.definitions.length} definitions; name one.`);
    return picked(file, await lookupIn(deps, set));
  }
  const own = await ownSet(deps);
  const file = own.definitions.find(({ definition }) => definition !== undefined && [definition.id, definition.code].includes(wanted));
  if (file !== undefined) return picked(file, await lookupIn(deps, own));
  const { definition, file: known, fromRow } = await deps.library.find(wanted);
  if (definition === undefined)
    throw new OpsError("definition_invalid", `${wanted} has neither a definition nor numbered steps.`, { hint: "Write one: new NAME." });
  return { definition, closure: closeOver(definition, await lookupIn(deps, own)), scenarios: fromRow ? [] : await scenariosBeside(known) };
}

function picked(file: DefinitionFile, lookup: (id: string) => Definition | undefined): Picked {
  const { definition, problems, shown } = file;
  if (definition === undefined)
    throw new OpsError("definition_invalid", `${shown} is not valid.`, {
      hint: problems
        .filter(({ severity }) => severity === "error")
        .slice(0, 10)
        .map(problemText)
        .join("\n"),
    });
  return { definition, scenarios: file.scenarios, closure: closeOver(definition, lookup) };
}

async function ownSet(deps: Deps): Promise<DefinitionSet> {
  try {
    await usualFolders(deps);
  } catch {
    return { definitions: [], registries: [] };
  }
  return readSet(deps, []);
}

/** Definitions by id: those of the set, then those that the server knows. */
export async function lookupIn({ library }: Pick<Deps, "library">, set: DefinitionSet): Promise<(id: string) => Definition | undefined> {
  const known = new Map<string, Definition>();
  const { entries } = await library.read();
  const add = (definition: Definition | undefined): void => {
    if (definition !== undefined) for (const id of [definition.code, definition.id]) if (id !== undefined) known.set(id, definition);
  };
  for (const { definition } of entries) add(definition);
  for (const { definition } of set.definitions) add(definition);
  return (id) => known.get(id);
}

/**
 * The value of `--inputs`: a JSON object, or `@FILE`.
 * @throws OpsError invalid_input
 */
export async function readInputs(
  option: CommandInput["options"][string],
  cwd: string,
): Promise<{ readonly [name: string]: Json } | undefined> {
  if (typeof option !== "string") return undefined;
  const text = option.startsWith("@") ? await readFile(resolve(cwd, option.slice(1)), "utf8").catch(() => undefined) : option;
  if (text === undefined) throw new OpsError("invalid_input", `--inputs: ${JSON.stringify(option.slice(1, 200))} cannot be read.`);
  if (Buffer.byteLength(text) > MOST_BYTES) throw new OpsError("invalid_input", `--inputs: over ${MOST_BYTES} bytes.`);
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    value = undefined;
  }
  if (typeof value !== "object" || value === null || Array.isArray(value))
    throw new OpsError("invalid_input", "--inputs is no JSON object.", { hint: `For example: --inputs '{"service":"shop"}'` });
  return value as { readonly [name: string]: Json };
}
