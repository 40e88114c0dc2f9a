import { setTimeout as sleep } from "node:timers/promises";
import { OpsError } from "@platform-ops/errors";
import { defineTool, type FormSchema, type Tool } from "@platform-ops/mcp-kit";
import { z } from "zod";

// What the suite expects and a tool as a value can do, made exactly as our servers make theirs.

const nothing = z.strictObject({});

/** A tool that asks a person once, and tells what was answered. */
function asking(
  name: string,
  description: string,
  input: z.ZodObject,
  form: (given: any) => { message: string; schema: FormSchema },
): Tool {
  return defineTool({
    name,
    title: description.replace(".", ""),
    description,
    effect: "write",
    toolset: "questions",
    asks: true,
    input,
    async run(given, _deps, call) {
      const { message, schema } = form(given);
      if (!call.answer && call.canAsk) return { ask: { message, schema, binding: message } };
      const { action, content } = call.answer ?? { action: "none" as const };
      const said = JSON.stringify(content ?? {});
      return { text: `Elicitation completed: action=${action}, content=${said}`, data: { action, content: content ?? {} } };
    },
  });
}

/** Tools as values. */
export const kitTools: readonly Tool[] = [
  defineTool({
    name: "test_simple_text",
    title: "Simple text",
    description: "Answers with a text.",
    effect: "read",
    toolset: "content",
    input: nothing,
    run: async () => ({ text: "This is a simple text response for testing.", data: { status: "done" } }),
  }),
  defineTool({
    name: "test_error_handling",
    title: "Error handling",
    description: "Fails.",
    effect: "read",
    toolset: "content",
    input: nothing,
    run: () => Promise.reject(new OpsError("conflict", "This tool intentionally returns an error for testing.")),
  }),
  defineTool({
    name: "test_tool_with_progress",
    title: "Progress",
    description: "Tells three times how far it is.",
    effect: "read",
    toolset: "content",
    input: nothing,
    async run(_input, _deps, call) {
      for (const done of [0, 50, 100]) {
        call.progress(`Completed step ${done} of 100`, done, 100);
        await sleep(50);
      }
      return { text: "all three steps are done", data: { steps: 3 } };
    },
  }),
  asking("test_elicitation", "Asks a person for one text.", z.strictObject({ message: z.string().max(1000) }), ({ message }) => ({
    message,
    schema: { type: "object", properties: { response: { type: "string", description: "User's response" } }, required: ["response"] },
  })),
  asking("test_elicitation_sep1034_defaults", "Asks a person by a form that is filled in.", nothing, () => ({
    message: "Please look over the form and change what is not so.",
    schema: {
      type: "object",
      properties: {
        name: { type: "string", description: "User name", default: "John Doe" },
        age: { type: "integer", description: "User age", default: 30 },
        score: { type: "number", description: "User score", default: 95.5 },
        status: { type: "string", description: "User status", enum: ["active", "inactive", "pending"], default: "active" },
        verified: { type: "boolean", description: "Whether it was verified", default: true },
      },
      required: [],
    },
  })),
  asking("test_streaming_elicitation", "Asks a person in the middle of a call.", nothing, () => ({
    message: "Go on?",
    schema: { type: "object", properties: { ok: { type: "boolean", title: "Go on" } }, required: ["ok"] },
  })),
];
