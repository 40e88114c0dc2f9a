import type { Path } from "../definition/yaml-text.ts";
import type { Importing } from "./importing.ts";
import { asWritten } from "./as-written.ts";
import type { Known } from "./known.ts";
import { callStep, promptStep, shellStep, waitStep, type Reading } from "./server-calls.ts";
import { isMap } from "./server-inputs.ts";
import { checkFields } from "./server-step-fields.ts";
import { stepIdOf } from "./identifiers.ts";
import type { Variables } from "./variables.ts";

type Written = Readonly<Record<string, unknown>>;
type Made = Record<string, unknown>;

/** Steps of the source's nine types in our form. */
export class ServerSteps {
  readonly #importing: Importing;
  readonly #variables: Variables;
  readonly #ids: ReadonlyMap<string, string>;
  readonly #known: Known;
  readonly #idOf: (step: Written) => string;

  constructor(importing: Importing, variables: Variables, ids: ReadonlyMap<string, string>, known: Known, idOf: (step: Written) => string) {
    this.#importing = importing;
    this.#variables = variables;
    this.#ids = ids;
    this.#known = known;
    this.#idOf = idOf;
  }

  /** A list of steps. */
  list(steps: unknown, path: Path): Made[] {
    if (steps === undefined || steps === null) return [];
    if (!Array.isArray(steps)) {
      this.#importing.error("INVALID_TYPE", path, "A list of steps is wanted.");
      return [];
    }
    return steps.flatMap((step: unknown, index) => {
      const at = [...path, index];
      if (isMap(step)) return this.#step(step, at);
      this.#importing.error("INVALID_TYPE", at, "A step must be a map with `id` and `type`.");
      return [];
    });
  }

  #step(step: Written, path: Path): Made[] {
    const type = checkFields(this.#importing, step, path);
    if (type === undefined) return [];
    const common = this.#common(step, type, path);
    const made = this.#own(type, step, path, common);
    if (!Array.isArray(made)) return [{ ...common, ...made }];
    return made.map((one, index) => (index === 0 ? { ...common, ...one } : { ...one }));
  }

  #common(step: Written, type: string, path: Path): Made {
    const id = this.#idOf(step);
    if (step["id"] !== id) this.#importing.told([...path, ...(step["id"] === undefined ? [] : ["id"])], `the step's id is \`${id}\`.`);
    const title = [step["title"], step["name"], step["description"]].find((one) => typeof one === "string" && one !== "");
    const made: Made = { id, type, ...(title === undefined ? {} : { title: asWritten(String(title)).slice(0, 200) }) };
    if (step["when"] !== undefined) made["when"] = this.#variables.condition(step["when"], [...path, "when"]);
    if (typeof step["output_to"] === "string") made["output_to"] = step["output_to"].replace(/^state\./, "");
    Object.assign(
      made,
      this.#needs(step["needs_state"], [...path, "needs_state"]),
      this.#timeout(step["timeout"], type, [...path, "timeout"]),
    );
    return made;
  }

  #needs(written: unknown, path: Path): Made {
    if (!Array.isArray(written)) return {};
    if (written.includes("*")) {
      this.#importing.told(path, '`needs_state: ["*"]` is left out: a step that names nothing sees all.');
      return {};
    }
    const names = written.map((name) => String(name).replace(/^state\./, ""));
    if (names.some((name) => name.includes(".")))
      this.#importing.told(path, "of a nested name only the first part counts: the step sees all of that field.");
    return { needs_state: [...new Set(names.map((name) => name.split(".")[0] ?? name))] };
  }

  #timeout(written: unknown, type: string, path: Path): Made {
    if (typeof written !== "number" || !(written > 0)) return {};
    if (type === "delegate" || type === "prompt") {
      this.#importing.told(path, "`timeout` is `deadline` here.");
      return { deadline: `${written}s`, on_deadline: "fail" };
    }
    return { timeout: `${written}s` };
  }

  get #reading(): Reading {
    return { importing: this.#importing, variables: this.#variables, known: this.#known };
  }

  #own(type: string, step: Written, path: Path, common: Made): Made | Made[] {
    const at = (key: string): Path => [...path, key];
    const text = (key: string): string => this.#variables.text(String(step[key] ?? ""), at(key));
    switch (type) {
      case "condition":
        return {
          if: this.#variables.condition(step["if"], at("if")),
          then: this.list(step["then"], at("then")),
          ...(Array.isArray(step["else"]) && step["else"].length > 0 ? { else: this.list(step["else"], at("else")) } : {}),
        };
      case "set_state":
        return this.#updates(step["updates"], at("updates"), common);
      case "foreach":
        return [this.#foreach(step, path), ...this.#afterEach(step, path, common)];
      case "return":
        return { value: this.#variables.value(step["value"] ?? null, at("value")) };
      case "shell":
        return shellStep(this.#reading, step, path);
      case "mcp_call":
        return callStep(this.#reading, step, path);
      case "prompt":
        return promptStep(this.#reading, step, path, text("message"));
      case "wait":
        return waitStep(this.#reading, step, path);
      default:
        return {
          instructions: text("instructions"),
          ...(typeof step["agent"] === "string" ? { role: step["agent"].replace(/^@/, "") } : {}),
          result: {
            type: "object",
            required: ["response"],
            properties: { response: {}, agent_used: { type: "string" }, tokens_used: { type: "number" } },
          },
        };
    }
  }

  /** All of one step happens at once here; where an update reads an earlier one of the same step, the step is divided. */
  #updates(written: unknown, path: Path, common: Made): Made[] {
    const groups: Record<string, unknown>[] = [{}];
    let set = new Set<string>();
    for (const [key, value] of Object.entries(isMap(written) ? written : {})) {
      const name = key.replace(/^state\./, "");
      const made = this.#variables.value(value, [...path, key]);
      const text = JSON.stringify(made);
      if ([...set].some((earlier) => new RegExp(`\\bstate\\.${earlier}\\b`).test(text))) {
        this.#importing.told([...path, key], `\`${name}\` reads an earlier update of its step: it is set by a step of its own.`);
        groups.push({});
        set = new Set();
      }
      (groups.at(-1) as Record<string, unknown>)[name] = made;
      set.add((name.split(".")[0] ?? name).replaceAll(/[^A-Za-z0-9_]/g, "."));
    }
    const when = common["when"] === undefined ? {} : { when: common["when"] };
    return groups.map((updates, index) =>
      index === 0 ? { updates } : { id: `${String(common["id"]).slice(0, 52)}_then_${index}`, type: "set_state", ...when, updates },
    );
  }

  #foreach(step: Written, path: Path): Made {
    const items = this.#variables.list(step["items"], [...path, "items"]);
    const inner = this.#variables.forItems();
    const agent = typeof step["agent"] === "string" ? { agent: step["agent"] } : {};
    const parallel = typeof step["max_parallel"] === "number" ? step["max_parallel"] : step["sequential"] === true ? 1 : 10;
    const made: Made = { items, ...agent, max_parallel: parallel, on_item_error: "collect" };
    const given = step["with"] ?? step["inputs"];
    const task = typeof step["task"] === "string" ? step["task"].replace(/^@/, "") : undefined;
    if (task === undefined) {
      return {
        ...made,
        steps: new ServerSteps(this.#importing, inner, this.#ids, this.#known, this.#idOf).list(step["steps"], [...path, "steps"]),
      };
    }
    if (!Object.hasOwn(this.#known.tasks, task)) {
      this.#importing.told([...path, "task"], `\`${task}\` is no task of this definition: each item starts the workflow of that name.`);
      const inputs = isMap(given) ? inner.value(given, [...path, "with"]) : { item: "${{ item }}" };
      return { ...made, steps: [{ id: stepIdOf(`${this.#idOf(step)}_each`), type: "workflow", workflow: task, inputs }] };
    }
    return { ...made, task, with: isMap(given) ? inner.value(given, [...path, "with"]) : this.#taskInputs(task, path) };
  }

  /** In the source a failed item fails the step once all are done, and the results are what the items gave. */
  #afterEach(step: Written, path: Path, common: Made): Made[] {
    const id = String(common["id"]);
    const when = common["when"] === undefined ? {} : { when: common["when"] };
    const short = id.slice(0, 52);
    const check = {
      id: `${short}_all_done`,
      type: "check",
      ...when,
      that: `steps.${id}.output.all(one, one.status == 'done')`,
      say: "An item failed.",
    };
    const output = common["output_to"];
    if (typeof output !== "string") return [check];
    this.#importing.told(
      [...path, "output_to"],
      `\`${output}\` holds what the items gave, in their order; a step before checks that none failed.`,
    );
    return [
      check,
      { id: `${short}_results`, type: "set_state", ...when, updates: { [output]: `\${{ steps.${id}.output.map(one, one.output) }}` } },
    ];
  }

  /** In the source a task sees its item; its inputs are taken from there. */
  #taskInputs(task: string, path: Path): Made {
    const inputs = Object.entries(this.#known.taskInputs(task));
    const made: Made = {};
    for (const [name, facts] of inputs) {
      const fallback = isMap(facts) ? facts["default"] : undefined;
      if (["item", "index", "total", "is_first", "is_last"].includes(name)) made[name] = `\${{ ${name} }}`;
      else if (inputs.length === 1) made[name] = "${{ item }}";
      else if (fallback !== undefined && typeof fallback !== "object")
        made[name] = `\${{ default(item.${name}, ${JSON.stringify(fallback)}) }}`;
      else if (isMap(facts) && facts["required"] === true) made[name] = `\${{ item.${name} }}`;
    }
    if (Object.keys(made).length > 0)
      this.#importing.told(
        [...path, "task"],
        `inputs of the task are taken from its item: ${Object.entries(made)
          .map(([name, value]) => `\`${name}\` is \`${String(value)}\``)
          .join(", ")}.`,
      );
    return made;
  }
}
