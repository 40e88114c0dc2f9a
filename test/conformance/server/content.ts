import { setTimeout as sleep } from "node:timers/promises";
import type { ExtendedRequest } from "@platform-ops/mcp-kit";
import type { ExtensionTool } from "./extension-tool.ts";

// Content that no tool of ours gives (a client shows the model text, or data), schemas that zod does not write, and methods of
// the 2025 era that we do not offer.

/** A red picture of one point. */
export const IMAGE = {
  data: "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8DwHwAFBQIAX8jx0gAAAABJRU5ErkJggg==",
  mimeType: "image/png",
};
/** A sound of no length. */
const AUDIO = { data: "UklGRiYAAABXQVZFZm10IBAAAAABAAEAQB8AAAB9AAACABAAZGF0YQIAAAA=", mimeType: "audio/wav" };

const text = (said: string): object => ({ type: "text", text: said });
const image = { type: "image", ...IMAGE };

function embedded(name: string, mimeType: string, content: string): object {
  return { type: "resource", resource: { uri: `test://${name}`, mimeType, text: content } };
}

function shows(name: string, description: string, ...content: object[]): ExtensionTool {
  return { name, description, call: () => ({ content }) };
}

/** Says three things while it works. */
async function says({ context }: ExtendedRequest, by: "log" | "notify"): Promise<void> {
  for (const data of ["Tool execution started", "Tool processing data", "Tool execution completed"]) {
    if (by === "log") await context.mcpReq.log("info", data);
    else await context.mcpReq.notify({ method: "notifications/message", params: { level: "info", data } });
    await sleep(50);
  }
}

/** Tools in the protocol's own terms that need no answer of the client. */
export const contentTools: readonly ExtensionTool[] = [
  shows("test_image_content", "Answers with a picture.", image),
  shows("test_audio_content", "Answers with a sound.", { type: "audio", ...AUDIO }),
  shows("test_embedded_resource", "Answers with a resource.", embedded("embedded-resource", "text/plain", "What is embedded.")),
  shows(
    "test_multiple_content_types",
    "Answers with a text, a picture and a resource.",
    text("Several kinds of content:"),
    image,
    embedded("mixed-content-resource", "application/json", JSON.stringify({ test: "data", value: 123 })),
  ),
  {
    name: "test_tool_with_logging",
    description: "Says what it does while it does it.",
    async call(_args, request) {
      await says(request, "notify");
      return { content: [text("said three things")] };
    },
  },
  {
    name: "test_logging_tool",
    description: "Says what it does to those who asked to be told.",
    async call(_args, request) {
      await says(request, "log");
      return { content: [text("said what was asked for")] };
    },
  },
  {
    name: "test_reconnection",
    description: "Closes the stream of its answer, and answers on the next.",
    async call(_args, { context }) {
      context.http?.closeSSE?.();
      await sleep(100);
      return { content: [text("answered after the stream was closed")] };
    },
  },
  {
    name: "json_schema_2020_12_tool",
    description: "Has a schema with the words of JSON Schema 2020-12.",
    inputSchema: {
      $schema: "https://json-schema.org/draft/2020-12/schema",
      type: "object",
      $defs: {
        address: { $anchor: "addressDef", type: "object", properties: { street: { type: "string" }, city: { type: "string" } } },
      },
      properties: {
        name: { type: "string" },
        address: { $ref: "#/$defs/address" },
        contactMethod: { type: "string", enum: ["phone", "email"] },
        phone: { type: "string" },
        email: { type: "string" },
      },
      allOf: [{ anyOf: [{ required: ["phone"] }, { required: ["email"] }] }],
      if: { properties: { contactMethod: { const: "phone" } }, required: ["contactMethod"] },
      // oxlint-disable-next-line unicorn/no-thenable -- a word of JSON Schema
      then: { required: ["phone"] },
      else: { required: ["email"] },
      additionalProperties: false,
    },
    call: (args: object) => ({ content: [text(`called with ${JSON.stringify(args)}`)] }),
  },
];
