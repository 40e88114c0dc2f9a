import type { Path } from "../definition/yaml-text.ts";
import { Ids, workflowIdOf } from "./identifiers.ts";
import type { Importing } from "./importing.ts";
import { inputsOf, isMap } from "./server-inputs.ts";
import type { Binding } from "./known.ts";
import { typeOfStep } from "./server-step-fields.ts";
import { ServerSteps } from "./server-steps.ts";
import { versionOf } from "./version.ts";
import { Variables, type Surroundings } from "./variables.ts";

// Definitions of the workflow server of the source: name, version, inputs with validation, initial_state, steps, tasks, metadata.

export interface ImportOptions {
  /** The only variables of the environment that a definition may read. */
  readonly environment: Readonly<Record<string, string>>;
  /** Tools that the server calls itself, by the name that the definition gives them. */
  readonly bindings?: Readonly<Record<string, Binding>>;
}

const KNOWN = new Set(["name", "version", "description", "inputs", "initial_state", "default_state", "steps", "tasks", "metadata"]);

/** A definition of the source in our form. */
export function fromServerForm(
  top: Readonly<Record<string, unknown>>,
  options: ImportOptions,
  importing: Importing,
): { document: Record<string, unknown>; read: ReadonlyMap<string, string> } {
  for (const key of Object.keys(top))
    if (!KNOWN.has(key)) importing.warning("UNKNOWN_FIELD", [key], `\`${key}\` is left out: it has no counterpart.`);
  const naming: Naming = { ids: new Ids(), named: new Map() };
  const idOf = (step: object): string => naming.named.get(step) ?? "step";
  const read = new Map<string, string>();
  const initial = top["initial_state"] ?? top["default_state"];
  const tasks = isMap(top["tasks"]) ? top["tasks"] : {};
  const main = surroundings(top["inputs"], initial, top["steps"], naming, false);
  const variables = new Variables(importing, main, options.environment, read);
  const known = { tasks, taskInputs: (name: string) => inputsIn(tasks[name]), bindings: options.bindings ?? {} };
  const state = stateOf(variables, initial, ["initial_state"]);
  const steps = new ServerSteps(importing, variables, main.steps, known, idOf).list(top["steps"], ["steps"]);
  const doneTasks = Object.entries(tasks).map(([name, task]) => [name, taskOf(name, task)] as const);
  return {
    document: {
      schema: "meta-workflow/v1",
      ...heading(top, importing),
      inputs: inputsOf(top["inputs"], ["inputs"], importing),
      ...state,
      ...(doneTasks.length === 0 ? {} : { tasks: Object.fromEntries(doneTasks) }),
      steps,
    },
    read,
  };

  function taskOf(name: string, task: unknown): Record<string, unknown> {
    const path: Path = ["tasks", name];
    const fields = isMap(task) ? task : {};
    if (!isMap(task)) importing.error("INVALID_TYPE", path, "A task must be a map with `steps`.");
    for (const key of Object.keys(fields)) {
      if (!["name", "description", "inputs", "initial_state", "default_state", "steps"].includes(key))
        importing.warning("UNKNOWN_FIELD", [...path, key], `\`${key}\` of a task is left out.`);
    }
    const inner = fields["initial_state"] ?? fields["default_state"];
    const around = surroundings(fields["inputs"], inner, fields["steps"], naming, true);
    const own = new Variables(importing, around, options.environment, read);
    return {
      ...(typeof fields["description"] === "string" ? { description: fields["description"] } : {}),
      inputs: inputsOf(fields["inputs"], [...path, "inputs"], importing),
      ...stateOf(own, inner, [...path, "initial_state"]),
      steps: new ServerSteps(importing, own, around.steps, known, idOf).list(fields["steps"], [...path, "steps"]),
    };
  }
}

/** Id, name, version, description, tags. */
function heading(top: Readonly<Record<string, unknown>>, importing: Importing): Record<string, unknown> {
  const written = top["name"];
  if (typeof written !== "string" || written.trim() === "") importing.error("MISSING_REQUIRED_FIELD", ["name"], "`name` is missing.");
  const name = typeof written === "string" ? written.slice(0, 120) : "imported";
  const id = workflowIdOf(name);
  if (id !== name) importing.told(["name"], `the id is \`${id}\`.`);
  const metadata = isMap(top["metadata"]) ? top["metadata"] : {};
  const tags = Array.isArray(metadata["tags"]) ? metadata["tags"].filter((tag) => typeof tag === "string" && tag !== "").slice(0, 30) : [];
  const left = Object.keys(metadata).filter((key) => key !== "tags");
  if (left.length > 0)
    importing.told(
      ["metadata"],
      `of the metadata ${left.map((key) => `\`${key}\``).join(", ")} ${left.length === 1 ? "is" : "are"} left out.`,
    );
  return {
    id,
    name,
    ...(typeof top["description"] === "string" && top["description"] !== "" ? { description: top["description"].slice(0, 4_000) } : {}),
    version: versionOf(top["version"], importing),
    status: "active",
    ...(tags.length === 0 ? {} : { tags }),
  };
}

function stateOf(variables: Variables, state: unknown, path: Path): Record<string, unknown> {
  return isMap(state) && Object.keys(state).length > 0 ? { initial_state: variables.value(state, path) } : {};
}

function inputsIn(task: unknown): Readonly<Record<string, unknown>> {
  return isMap(task) && isMap(task["inputs"]) ? task["inputs"] : {};
}

interface Naming {
  readonly ids: Ids;
  /** The id that each written step has here. */
  readonly named: Map<object, string>;
}

/** What the templates of a list of steps may name. */
function surroundings(inputs: unknown, state: unknown, steps: unknown, { ids, named }: Naming, items: boolean): Surroundings {
  const names = new Set(isMap(state) ? Object.keys(state) : []);
  const renamed = new Map<string, string>();
  for (const step of everyWritten(steps)) {
    if (typeof step["output_to"] === "string") names.add(step["output_to"].replace(/^state\./, "").split(".")[0] ?? "");
    if (isMap(step["updates"])) for (const key of Object.keys(step["updates"])) names.add(key.replace(/^state\./, "").split(".")[0] ?? "");
    const id = step["id"];
    const fallback = typeof step["name"] === "string" ? step["name"] : (typeOfStep(step) ?? "step");
    const taken = ids.take(typeof id === "string" || typeof id === "number" ? String(id) : fallback);
    if (id !== undefined && !renamed.has(String(id))) renamed.set(String(id), taken);
    named.set(step, taken);
  }
  const declared = isMap(inputs) ? inputs : {};
  const booleans = new Set(Object.keys(declared).filter((name) => isMap(declared[name]) && declared[name]["type"] === "boolean"));
  return { inputs: new Set(Object.keys(declared)), booleans, state: names, steps: renamed, items };
}

function* everyWritten(steps: unknown, depth = 0): Generator<Readonly<Record<string, unknown>>> {
  if (!Array.isArray(steps) || depth > 32) return;
  for (const step of steps) {
    if (!isMap(step)) continue;
    yield step;
    for (const key of ["then", "else", "steps"]) yield* everyWritten(step[key], depth + 1);
  }
}
