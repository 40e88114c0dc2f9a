import { OpsError } from "@platform-ops/errors";
import { defineCommand, printable, progressOn, type Command } from "@platform-ops/ledger";
import { callTool } from "../calls/call-tool.ts";
import type { ServerDefinition } from "../server-definition.ts";

/**
 * `call TOOL [JSON]`: one tool call as a client without forms would make it. Prints the protocol's result
 * (`content`, `structuredContent`, `isError`) as JSON, or what a model reads of it; exit 1 if it is an error.
 */
export function callCommand(open: () => Promise<ServerDefinition>, examples: readonly string[] = []): Command {
  return defineCommand({
    name: "call",
    summary: "Make one tool call and print its result as JSON",
    usage: "call TOOL [JSON] [--text]",
    examples,
    options: { text: { type: "boolean", description: "Print what a model reads, not JSON" } },
    async run({ positionals, options }, _deps, terminal, signal) {
      const [tool, json = "{}", ...rest] = positionals;
      if (tool === undefined || rest.length > 0)
        throw new OpsError("invalid_input", "call takes the name of a tool and its arguments as one JSON object.", {
          hint: `For example: call TOOL '{"name":"value"}'`,
        });
      const args = parseJson(json);
      const definition = await open();
      const progress = progressOn(terminal);
      const { result, isError } = await callTool(definition, tool, args, {
        client: { name: `${definition.name}-call`, version: definition.version },
        signal,
        ...(terminal.isTTY && { progress: (message: string) => progress.say(message) }),
      });
      progress.end();
      if (options["text"] === true) terminal.stdout(`${printable(result.text)}\n`);
      else
        terminal.stdout(
          `${JSON.stringify({ content: [{ type: "text", text: result.text }], structuredContent: result.data, ...(isError && { isError }) }, undefined, terminal.isTTY ? 2 : undefined)}\n`,
        );
      return isError ? 1 : 0;
    },
  });
}

function parseJson(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch (error) {
    // V8's message repeats a piece of the text, which may hold a secret: only where it stopped.
    const position = /position (\d+)/.exec((error as Error).message)?.[1];
    throw new OpsError("invalid_input", `the arguments are not JSON${position ? ` (at character ${Number(position) + 1})` : ""}.`, {
      hint: `Give one JSON object in single quotes, for example '{"limit":10}'.`,
    });
  }
}
