import { definePrompt, type Prompt } from "@platform-ops/mcp-kit";
import type { MetaWorkflowsDeps } from "../deps.ts";
import type { LibraryEntry } from "../library/library.ts";

/** Prompts of the source, by the workflow that each stands for. */
const NAMED = [
  ["new_tool_workflow", "New MCP tool", "MW-002", "develop a new MCP tool"],
  ["end_session_workflow", "End of the session", "MW-001", "end this session with a summary for the next one"],
  ["debug_flux_workflow", "Debug Flux", "MW-006", "find out why Flux does not reconcile"],
] as const;

/** The named prompts of the source, then one per active workflow. */
export async function promptsOf({ library }: Pick<MetaWorkflowsDeps, "library">): Promise<readonly Prompt[]> {
  const { entries } = await library.read();
  const named = NAMED.map(([name, title, workflow, wish]) =>
    definePrompt({
      name,
      title,
      description: `Starts ${workflow}: ${wish}.`,
      arguments: [],
      text: () => `We want to ${wish}. ${howTo(workflow, [], {})}`,
    }),
  );
  return [
    ...named,
    VALIDATE_DESIGN,
    ...entries.filter(({ status, definition }) => status === "active" && definition !== undefined).map(promptOf),
  ];
}

const VALIDATE_DESIGN = definePrompt({
  name: "validate_design_workflow",
  title: "Validate a design",
  description: "Checks the design of a tool against the rules of MW-002, before anything is written.",
  arguments: [],
  text: () =>
    "Validate a design before it is built. Call get_meta_workflow with id MW-002 and view prose, and hold the design against each point of its design and validation parts. Say for each whether it holds and why; name what is missing. Write no code. Where the design holds, start_workflow MW-002 carries it out.",
});

function promptOf({ id, name, definition, row }: LibraryEntry): Prompt {
  const properties = Object.entries((definition?.inputs["properties"] ?? {}) as Record<string, { type?: unknown; description?: unknown }>);
  const required = (definition?.inputs["required"] ?? []) as readonly string[];
  // Prompts take texts only: what is no scalar is asked for by the runbook itself.
  const scalars = properties.filter(([, { type }]) => type !== "object" && type !== "array");
  const workflow = definition?.id ?? id;
  return definePrompt({
    name: workflow.replaceAll(/[^A-Za-z0-9_-]/g, "_"),
    title: name,
    description: row.triggers.length === 0 ? `Starts ${name}.` : `Starts ${name}: ${row.triggers.join(" / ")}`.slice(0, 400),
    arguments: scalars.map(([input, { description }]) => ({
      name: input,
      ...(typeof description === "string" ? { description } : {}),
      ...(required.includes(input) ? { required: true } : {}),
    })),
    text: (given) => howTo(workflow, required, typedInputs(scalars, given)),
  });
}

function typedInputs(scalars: readonly [string, { type?: unknown }][], given: Readonly<Record<string, string>>): Record<string, unknown> {
  return Object.fromEntries(
    scalars.flatMap(([input, { type }]) => {
      const text = given[input];
      if (text === undefined) return [];
      const isNumber = (type === "number" || type === "integer") && text.trim() !== "" && !Number.isNaN(Number(text));
      const isTruth = type === "boolean" && (text === "true" || text === "false");
      return [[input, isNumber ? Number(text) : isTruth ? text === "true" : text] as const];
    }),
  );
}

/** Fixed words: which tool to call, and how to go on. */
function howTo(workflow: string, required: readonly string[], inputs: Readonly<Record<string, unknown>>): string {
  const missing = required.filter((input) => inputs[input] === undefined);
  const ask = missing.length === 0 ? "" : ` Ask for these inputs first: ${missing.join(", ")}.`;
  return `Call start_workflow with ${JSON.stringify({ workflow_name: workflow, inputs })}.${ask} Then do what each action asks and report it with submit_result, until the status is completed. Where the server refuses a result, do what its answer says. Do not go on from memory: the next action always comes from the server.`;
}
