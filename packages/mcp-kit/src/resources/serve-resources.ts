import { isOpsError } from "@platform-ops/errors";
import { newCallId } from "../calls/call-id.ts";
import { refuse } from "../calls/failure.ts";
import { isTemplate, namesIn, type ListedResource, type Prompt, type Resource } from "./resource.ts";
import type { ServerDefinition } from "../server-definition.ts";

/** The most that is shown of one resource, and listed of one template. */
const MOST_BYTES = 1_000_000;
const MOST_LISTED = 500;

/** Why a read or a prompt gives nothing; `not_found` is the protocol's own failure of a resource (-32002). */
export interface NotServed {
  readonly failure: "not_found" | "failed";
  readonly message: string;
}

/** What a definition is capable of, as the opening of a connection says it. */
export function capabilitiesOf(definition: Pick<ServerDefinition, "resources" | "prompts" | "extension">): Record<string, object> {
  const { resources, prompts, extension } = definition;
  return {
    tools: {},
    ...(resources === undefined ? {} : { resources: {} }),
    ...(prompts === undefined ? {} : { prompts: {} }),
    ...extension?.capabilities,
  };
}

/** The answer of `resources/list`. */
async function listResources(definition: ServerDefinition): Promise<{ resources: ListedResource[] }> {
  const lists = await Promise.all(
    (definition.resources ?? []).map(async (resource) => {
      if (!isTemplate(resource.uri)) return [entryOf(resource)];
      const listed = await attempt(definition, `resource ${resource.name}`, async () => (await resource.list?.(definition.deps)) ?? []);
      // What cannot be listed now may still be read; the others are listed all the same.
      if ("failure" in listed) return [];
      return listed.slice(0, MOST_LISTED).map((entry) => definition.redactor.value(entry));
    }),
  );
  return { resources: lists.flat() };
}

/** The answer of `resources/templates/list`. */
function listResourceTemplates({ resources = [] }: ServerDefinition): { resourceTemplates: object[] } {
  return {
    resourceTemplates: resources
      .filter(({ uri }) => isTemplate(uri))
      .map((resource) => {
        const { uri, ...rest } = entryOf(resource);
        return { uriTemplate: uri, ...rest };
      }),
  };
}

/** The answer of `resources/read`: masked like every result. */
async function readResource(definition: ServerDefinition, uri: string): Promise<{ contents: object[] } | NotServed> {
  for (const resource of definition.resources ?? []) {
    const names = isTemplate(resource.uri) ? namesIn(resource.uri, uri) : resource.uri === uri ? {} : undefined;
    if (names === undefined) continue;
    const read = await attempt(definition, `resource ${resource.name}`, () => resource.read(names, definition.deps));
    if (typeof read === "object") return read;
    if (read !== undefined) return { contents: [{ uri, mimeType: resource.mimeType, text: cut(definition.redactor.text(read)) }] };
  }
  return { failure: "not_found", message: `There is no resource ${uri.slice(0, 200)}.` };
}

/** The answer of `prompts/list`. */
async function listPrompts(definition: ServerDefinition): Promise<{ prompts: object[] }> {
  const prompts = (await definition.prompts?.(definition.deps)) ?? [];
  const listed = prompts
    .slice(0, MOST_LISTED)
    .map(({ name, title, description, arguments: asked }) => ({ name, title, description, arguments: asked }));
  return { prompts: listed };
}

/** The answer of `prompts/get`. */
async function getPrompt(
  definition: ServerDefinition,
  name: string,
  given: Readonly<Record<string, string>>,
): Promise<{ description: string; messages: object[] } | NotServed> {
  const prompts: readonly Prompt[] = (await definition.prompts?.(definition.deps)) ?? [];
  const prompt = prompts.find((one) => one.name === name);
  if (prompt === undefined) return { failure: "not_found", message: `There is no prompt ${name.slice(0, 200)}.` };
  const missing = prompt.arguments.filter((one) => one.required === true && given[one.name] === undefined).map((one) => one.name);
  if (missing.length > 0) return { failure: "failed", message: `The prompt ${name} needs: ${missing.join(", ")}.` };
  return {
    description: prompt.description,
    messages: [{ role: "user", content: { type: "text", text: definition.redactor.text(prompt.text(given)) } }],
  };
}

/** The arguments of a prompt: texts, whatever was sent. */
function textsOf(given: unknown): Readonly<Record<string, string>> {
  if (typeof given !== "object" || given === null) return {};
  return Object.fromEntries(Object.entries(given).filter((entry): entry is [string, string] => typeof entry[1] === "string"));
}

/** One request about resources or prompts, answered from its parameters as the client sent them. */
export type Answering = (params: {
  readonly uri?: unknown;
  readonly name?: unknown;
  readonly arguments?: unknown;
}) => Promise<object | NotServed>;

/** What a definition answers besides tools, by the protocol's names; nothing of a kind that it has none of. */
export function answersOf(definition: ServerDefinition): readonly (readonly [method: string, answer: Answering])[] {
  const { resources, prompts } = definition;
  const ofResources: [string, Answering][] = [
    ["resources/list", () => listResources(definition)],
    ["resources/templates/list", async () => listResourceTemplates(definition)],
    ["resources/read", ({ uri }) => readResource(definition, String(uri))],
  ];
  const ofPrompts: [string, Answering][] = [
    ["prompts/list", () => listPrompts(definition)],
    ["prompts/get", (params) => getPrompt(definition, String(params.name), textsOf(params.arguments))],
  ];
  return [...(resources === undefined ? [] : ofResources), ...(prompts === undefined ? [] : ofPrompts)];
}

/** A failure that we worded keeps its words; of any other only an id is said. */
async function attempt<T>(definition: ServerDefinition, what: string, work: () => Promise<T>): Promise<T | NotServed> {
  try {
    return await work();
  } catch (error) {
    const id = newCallId();
    if (!isOpsError(error)) definition.logger.error("a resource failed unexpectedly", { what, id, error });
    const { result } = refuse(error, { id, tool: what });
    return {
      failure: isOpsError(error) && error.code === "not_found" ? "not_found" : "failed",
      message: definition.redactor.text(result.text),
    };
  }
}

function entryOf({ uri, name, title, description, mimeType }: Resource): ListedResource {
  return { uri, name, title, description, mimeType };
}

function cut(text: string): string {
  return Buffer.byteLength(text) <= MOST_BYTES ? text : `${Buffer.from(text).subarray(0, MOST_BYTES).toString()}\n[truncated]`;
}
