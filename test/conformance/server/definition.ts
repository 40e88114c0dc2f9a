import { randomBytes } from "node:crypto";
import { Redactor } from "@platform-ops/ledger";
import { definePrompt, resourcesFor, type ExtendedAnswer, type ServerDefinition } from "@platform-ops/mcp-kit";
import { contentTools, IMAGE } from "./content.ts";
import { listed } from "./extension-tool.ts";
import { kitTools } from "./kit-tools.ts";
import { askingPrompt, pushTools, questionTools } from "./questions.ts";

const extensionTools = new Map([...contentTools, ...questionTools, ...pushTools].map((tool) => [tool.name, tool]));

const defineResource = resourcesFor<null>();
const plain = { mimeType: "text/plain", title: "A text", description: "A text that stays as it is." };

const resources = [
  defineResource({ ...plain, uri: "test://static-text", name: "static-text", read: async () => "What stands in the text." }),
  defineResource({ ...plain, uri: "test://watched-resource", name: "watched-resource", read: async () => "What is watched." }),
  defineResource({
    ...plain,
    uri: "test://template/{id}/data",
    name: "template",
    mimeType: "application/json",
    read: async ({ id }) => JSON.stringify({ id, templateTest: true, data: `Data for ID: ${id}` }),
  }),
];
const BINARY = {
  uri: "test://static-binary",
  name: "static-binary",
  title: "A picture",
  description: "A picture.",
  mimeType: IMAGE.mimeType,
};

const prompts = [
  definePrompt({
    name: "test_simple_prompt",
    title: "Simple",
    description: "A prompt that takes nothing.",
    arguments: [],
    text: () => "This is a simple prompt for testing.",
  }),
  definePrompt({
    name: "test_prompt_with_arguments",
    title: "Two arguments",
    description: "A prompt that says what it was given.",
    arguments: [
      { name: "arg1", description: "The first", required: true },
      { name: "arg2", description: "The second", required: true },
    ],
    text: ({ arg1, arg2 }) => `Prompt with arguments: arg1='${arg1}', arg2='${arg2}'`,
  }),
];

const user = (content: object): object => ({ role: "user", content });

/** Prompts that are more than a text. */
const richPrompts: Readonly<Record<string, { description: string; arguments: object[]; answer: ExtendedAnswer }>> = {
  test_prompt_with_embedded_resource: {
    description: "A prompt that holds a resource.",
    arguments: [{ name: "resourceUri", required: true }],
    answer: (params) => ({
      messages: [
        user({ type: "resource", resource: { uri: params.arguments?.resourceUri, mimeType: "text/plain", text: "What is embedded." } }),
        user({ type: "text", text: "Read the resource above." }),
      ],
    }),
  },
  test_prompt_with_image: {
    description: "A prompt that holds a picture.",
    arguments: [],
    answer: () => ({ messages: [user({ type: "image", ...IMAGE }), user({ type: "text", text: "Look at the picture above." })] }),
  },
  test_input_required_result_prompt: {
    description: "A prompt that needs an answer first.",
    arguments: [],
    answer: (_params, request) => askingPrompt(request),
  },
};

const answers: Record<string, ExtendedAnswer> = {
  "tools/list": async (_params, { kit }) => {
    const { tools } = (await kit()) as { tools: object[] };
    return { tools: [...tools, ...[...extensionTools.values()].map(listed)] };
  },
  "tools/call": (params, request) => {
    const tool = extensionTools.get(params.name);
    return tool === undefined ? request.kit() : tool.call(params.arguments ?? {}, request);
  },
  "resources/list": async (_params, { kit }) => {
    const { resources: known } = (await kit()) as { resources: object[] };
    return { resources: [...known, BINARY] };
  },
  "resources/read": ({ uri }, { kit }) =>
    uri === BINARY.uri ? { contents: [{ uri, mimeType: IMAGE.mimeType, blob: IMAGE.data }] } : kit(),
  "prompts/list": async (_params, { kit }) => {
    const { prompts: known } = (await kit()) as { prompts: object[] };
    const rich = Object.entries(richPrompts).map(([name, { description, arguments: taken }]) => ({ name, description, arguments: taken }));
    return { prompts: [...known, ...rich] };
  },
  "prompts/get": (params, request) => richPrompts[params.name]?.answer(params, request) ?? request.kit(),
  "completion/complete": ({ argument }) => {
    const values = ["test-one", "test-two"].filter((value) => value.startsWith(String(argument?.value ?? "")));
    return { completion: { values, total: values.length, hasMore: false } };
  },
  "logging/setLevel": () => ({}),
  "resources/subscribe": () => ({}),
  "resources/unsubscribe": () => ({}),
};

/** A server made with the kit that offers what the scenarios of the official conformance suite expect. */
export function conformanceServer(): ServerDefinition<null> {
  return {
    name: "conformance-mcp",
    version: "1.0.0",
    instructions: "A server to try the protocol with.",
    tools: kitTools,
    resources,
    prompts: async () => prompts,
    extension: { capabilities: { resources: { subscribe: true }, logging: {}, completions: {} }, answers },
    deps: null,
    redactor: new Redactor(),
    audit: { append: async () => undefined, read: async () => [] },
    logger: { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined },
    user: "ann",
    stateKey: randomBytes(32),
  };
}
