import type { Path } from "../definition/yaml-text.ts";
import { asWritten } from "./as-written.ts";
import { Ids, workflowIdOf } from "./identifiers.ts";
import type { Importing } from "./importing.ts";
import { withGates } from "./prose-gates.ts";
import { isMap } from "./server-inputs.ts";
import { versionOf } from "./version.ts";

// Workflows that are prose in YAML: `workflow`, `description`, steps with `tool` and `action`; or agents with a coordination or
// process in numbered lines; or severity levels with response steps. Every step becomes a prompt for an agent, and where the steps
// or the example of use say that a person is asked, there is a gate.

const KNOWN = new Set([
  "workflow",
  "description",
  "version",
  "steps",
  "response_steps",
  "agents",
  "coordination",
  "process",
  "severity_levels",
  "example_interaction",
]);
const STEP_FIELDS = new Set(["name", "tool", "tools", "action", "actions"]);

type Made = Record<string, unknown>;
type Written = Readonly<Record<string, unknown>>;

/** True for a text of this form. */
export function isProseForm(top: Written): boolean {
  return typeof top["workflow"] === "string" || Array.isArray(top["response_steps"]);
}

/** A workflow in prose in our form. */
export function fromProseForm(top: Written, importing: Importing): Made {
  return new ProseForm(top, importing).document();
}

interface Agent {
  readonly name: string;
  readonly words: readonly string[];
}

class ProseForm {
  readonly #top: Written;
  readonly #importing: Importing;
  readonly #ids = new Ids();
  readonly #give: Made = { request: "${{ inputs.request }}" };

  constructor(top: Written, importing: Importing) {
    this.#top = top;
    this.#importing = importing;
  }

  document(): Made {
    const top = this.#top;
    const named = typeof top["workflow"] === "string" ? top["workflow"] : "imported";
    for (const key of Object.keys(top))
      if (!KNOWN.has(key)) this.#importing.warning("UNKNOWN_FIELD", [key], `\`${key}\` is left out: it has no counterpart.`);
    const example = typeof top["example_interaction"] === "string" ? top["example_interaction"] : undefined;
    if (example !== undefined)
      this.#importing.told(["example_interaction"], "of `example_interaction` only is taken where a person is asked: keep it in SKILL.md.");
    this.#importing.told([], "an input `request` is added: what the person wants, given to each step.");
    const severity = this.#severity();
    const written = [...this.#written("steps"), ...this.#written("response_steps"), ...this.#coordinated()];
    const key = Array.isArray(top["steps"]) ? "steps" : "response_steps";
    const pathOf = (step: number): Path => (Array.isArray(top[key]) ? [key, step] : []);
    const prose = { steps: written.map((step) => [step]), about: { request: "${{ inputs.request }}" }, pathOf };
    const steps = withGates({ ...prose, ...(example === undefined ? {} : { example }) }, this.#ids, this.#importing).flat();
    if (steps.length === 0)
      this.#importing.error("MISSING_REQUIRED_FIELD", [], "There are neither `steps`, `response_steps` nor `agents`.");
    return {
      schema: "meta-workflow/v1",
      id: workflowIdOf(named),
      name: titleOf(named).slice(0, 120),
      ...(typeof top["description"] === "string" && top["description"] !== "" ? { description: top["description"].slice(0, 4_000) } : {}),
      version: versionOf(top["version"], this.#importing),
      status: "active",
      inputs: {
        type: "object",
        additionalProperties: false,
        properties: { request: { type: "string", default: "", description: "What is wanted, in a person's words" }, ...severity },
      },
      steps,
    };
  }

  #severity(): Made {
    const levels = namedEntries(this.#top["severity_levels"]);
    if (levels.length === 0) return {};
    this.#importing.told(["severity_levels"], "`severity_levels` is an input `severity`.");
    this.#give["severity"] = "${{ default(inputs.severity, 'not known yet') }}";
    const description = levels.map(([name, words]) => `${name}: ${String(words)}`).join("; ");
    return { severity: { type: "string", enum: levels.map(([name]) => name), description } };
  }

  #written(key: "steps" | "response_steps"): Made[] {
    const steps = this.#top[key];
    if (steps === undefined || steps === null) return [];
    if (!Array.isArray(steps)) {
      this.#importing.error("INVALID_TYPE", [key], `\`${key}\` must be a list.`);
      return [];
    }
    return steps.flatMap((step: unknown, index) => {
      if (isMap(step)) return [this.#step(step, [key, index])];
      this.#importing.error("INVALID_TYPE", [key, index], "A step must be a map with `name`, `tool` and `action`.");
      return [];
    });
  }

  #step(step: Written, path: Path): Made {
    for (const key of Object.keys(step))
      if (!STEP_FIELDS.has(key)) this.#importing.warning("UNKNOWN_FIELD", [...path, key], `\`${key}\` of a step is left out.`);
    const name = typeof step["name"] === "string" ? step["name"] : `Step ${String(Number(path.at(-1)) + 1)}`;
    const action = step["action"] ?? step["actions"] ?? "";
    const words = Array.isArray(action) ? action.map((line) => `- ${String(line)}`).join("\n") : String(action).trimEnd();
    this.#importing.told(path, "the step is a prompt for an agent.");
    const tools = this.#tools(step);
    return this.#prompt(name, [...(tools === "" ? [] : [tools, ""]), words === "" ? name : words].join("\n"));
  }

  #prompt(title: string, instructions: string, role?: string): Made {
    return {
      id: this.#ids.take(title),
      type: role === undefined ? "prompt" : "delegate",
      title: asWritten(title).slice(0, 200),
      effects: "write",
      ...(role === undefined ? {} : { role }),
      instructions: asWritten(instructions),
      give: { ...this.#give },
    };
  }

  #tools(step: Written): string {
    const names = [step["tools"] ?? step["tool"] ?? []].flat().map(String);
    const all = names.includes("all") ? this.#everyTool() : names;
    return all.length === 0 ? "" : `Tools: ${all.map((name) => `\`${name}\``).join(", ")}.`;
  }

  #everyTool(): string[] {
    const steps = [this.#top["steps"], this.#top["response_steps"]].flat().filter(isMap);
    const names = steps.flatMap((step) => [step["tools"] ?? step["tool"] ?? []].flat().map(String));
    return [...new Set(names.filter((name) => name !== "all"))];
  }

  #coordinated(): Made[] {
    const agents = namedEntries(this.#top["agents"]).map(([name, facts]): Agent => ({ name, words: this.#agentWords(facts) }));
    if (agents.length === 0) return [];
    const key = this.#top["coordination"] === undefined ? "process" : "coordination";
    const lines = String(this.#top[key] ?? "")
      .split("\n")
      .map((line) => line.replace(/^\s*(?:\d+[.)]|[-*])\s*/, "").trim())
      .filter((line) => line !== "");
    if (lines.length === 0) return [this.#together("Work of all agents", agents, "")];
    this.#importing.told([key], "each numbered line is a step: of the agent it names, of all agents at once, or of whoever takes it.");
    return lines.map((line) => {
      if (/\b(?:each|all|every)\b.*\bagents?\b|^agents\b/i.test(line)) return this.#together(line, agents, line);
      const own = agents.find(
        ({ name }) => line.toLowerCase().includes(name.toLowerCase().replace(/[-_\s]*agent$/, "")) && /\bagent\b/i.test(line),
      );
      return own === undefined ? this.#prompt(line, line) : this.#prompt(line, [line, "", ...own.words].join("\n"), own.name);
    });
  }

  #together(title: string, agents: readonly Agent[], line: string): Made {
    const id = this.#ids.take(title);
    const branches = agents.map((agent) => {
      const prompt = this.#prompt(`${agent.name}: ${title}`, [line, "", ...agent.words].join("\n").trim() || title, agent.name);
      return [String(prompt["id"]), [prompt]] as const;
    });
    return { id, type: "parallel", title: asWritten(title).slice(0, 200), branches: Object.fromEntries(branches) };
  }

  #agentWords(facts: unknown): string[] {
    if (!isMap(facts)) return [];
    const tools = this.#tools(facts);
    const tasks = Array.isArray(facts["tasks"]) ? facts["tasks"].map((task) => `- ${String(task)}`) : [];
    const focus = typeof facts["focus"] === "string" ? [`Focus: ${facts["focus"]}`] : [];
    return [...(tools === "" ? [] : [tools]), ...focus, ...tasks];
  }
}

/** Entries of a map, or of a list of maps with one key each. */
function namedEntries(written: unknown): [string, unknown][] {
  if (Array.isArray(written)) return written.filter(isMap).flatMap((one) => Object.entries(one));
  return isMap(written) ? Object.entries(written) : [];
}

function titleOf(name: string): string {
  const words = name.replaceAll(/[-_]+/g, " ").trim();
  return words === "" ? "Imported workflow" : words.charAt(0).toUpperCase() + words.slice(1);
}
