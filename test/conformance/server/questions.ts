import { createHmac, randomBytes, timingSafeEqual } from "node:crypto";
import { ProtocolError, ProtocolErrorCode, inputRequired } from "@modelcontextprotocol/server";
import type { ExtendedRequest } from "@platform-ops/mcp-kit";
import type { ExtensionTool } from "./extension-tool.ts";

// Questions of the 2026 era in all the forms that the protocol has; tools of ours ask one form at a time.

const key = randomBytes(32);
const mark = (state: string): string => createHmac("sha256", key).update(state).digest("base64url");

/** A state that only this process can have made. */
const sealed = (state: string): string => `${state}.${mark(state)}`;

/** What a state says. Throws a ProtocolError where it is not one of ours. */
function unsealed(given: string): string {
  const [state = "", found = ""] = given.split(".");
  const [a, b] = [Buffer.from(found), Buffer.from(mark(state))];
  if (a.length !== b.length || !timingSafeEqual(a, b)) throw new ProtocolError(ProtocolErrorCode.InvalidParams, "requestState was altered");
  return state;
}

type Responses = Readonly<Record<string, any>>;

const responsesOf = ({ context }: ExtendedRequest): Responses => (context.mcpReq.inputResponses ?? {}) as Responses;
const stateOf = ({ context }: ExtendedRequest): string | undefined => context.mcpReq.requestState() as string | undefined;

const say = (text: string): object => ({ content: [{ type: "text", text }] });

/** A form of one field. */
function form(message: string, field: string, type: "string" | "boolean" = "string"): object {
  return {
    method: "elicitation/create",
    params: { message, requestedSchema: { type: "object", properties: { [field]: { type } }, required: [field] } },
  };
}
function sampling(text: string, maxTokens: number): object {
  return { method: "sampling/createMessage", params: { messages: [{ role: "user", content: { type: "text", text } }], maxTokens } };
}
const ROOTS = { method: "roots/list", params: {} };

function ask(inputRequests: Record<string, object>, state?: string): object {
  return inputRequired({ inputRequests: inputRequests as never, ...(state !== undefined && { requestState: sealed(state) }) });
}

const textOf = (sampled: any): string => String(sampled?.content?.text ?? "nothing");

function tool(name: string, description: string, call: ExtensionTool["call"]): ExtensionTool {
  return { name: `test_input_required_result_${name}`, description, call };
}

/** Tools that ask the client in the result of a call. */
export const questionTools: readonly ExtensionTool[] = [
  tool("elicitation", "Asks for a name.", (_args, request) => {
    const name: unknown = responsesOf(request)["user_name"]?.content?.name;
    return typeof name === "string" ? say(`Hello, ${name}!`) : ask({ user_name: form("What is your name?", "name") });
  }),
  tool("sampling", "Asks the client's model.", (_args, request) => {
    const answer = responsesOf(request)["capital_question"];
    return answer === undefined ? ask({ capital_question: sampling("What is the capital of France?", 100) }) : say(textOf(answer));
  }),
  tool("list_roots", "Asks for the client's roots.", (_args, request) => {
    const answer = responsesOf(request)["client_roots"];
    return answer === undefined ? ask({ client_roots: ROOTS }) : say(`roots: ${JSON.stringify(answer.roots)}`);
  }),
  tool("request_state", "Asks, and gets its state back.", (_args, request) => {
    const state = stateOf(request);
    if (state === undefined) return ask({ confirm: form("Please confirm", "ok", "boolean") }, "confirm");
    return say(unsealed(state) === "confirm" ? "state-ok" : "another state");
  }),
  tool("multiple_inputs", "Asks three things at once.", (_args, request) => {
    const { user_name, greeting, client_roots } = responsesOf(request);
    if (user_name === undefined || greeting === undefined || client_roots === undefined)
      return ask(
        { user_name: form("What is your name?", "name"), greeting: sampling("Generate a greeting", 50), client_roots: ROOTS },
        "three",
      );
    unsealed(stateOf(request) ?? "");
    return say(`${textOf(greeting)} ${user_name.content?.name}, of ${JSON.stringify(client_roots.roots)}`);
  }),
  tool("multi_round", "Asks twice, one after the other.", (_args, request) => {
    const state = stateOf(request);
    if (state === undefined) return ask({ step1: form("Step 1: What is your name?", "name") }, "one");
    const { step1, step2 } = responsesOf(request);
    if (unsealed(state) === "one" && step1 !== undefined)
      return ask({ step2: form("Step 2: What is your favorite color?", "color") }, "two");
    return say(`the second answer: ${JSON.stringify(step2?.content)}`);
  }),
  tool("tampered_state", "Refuses a state that is not its own.", (_args, request) => {
    const state = stateOf(request);
    if (state === undefined) return ask({ confirm: form("Please confirm", "ok", "boolean") }, "tamper");
    return say(`state ${unsealed(state)}`);
  }),
  tool("capabilities", "Asks only what the client can answer.", (_args, request) => {
    const responses = responsesOf(request);
    if (Object.keys(responses).length > 0) return say("answered");
    const able = (request.context.mcpReq.envelope as Record<string, any> | undefined)?.["io.modelcontextprotocol/clientCapabilities"] ?? {};
    const requests = {
      ...(able.elicitation !== undefined && { name: form("What is your name?", "name") }),
      ...(able.sampling !== undefined && { greeting: sampling("Generate a greeting", 50) }),
      ...(able.roots !== undefined && { roots: ROOTS }),
    };
    return Object.keys(requests).length === 0 ? say("nothing can be asked") : ask(requests);
  }),
  {
    name: "test_missing_capability",
    description: "Needs a client that samples.",
    call: () => ask({ answer: sampling("Say something", 10) }),
  },
];

/** A prompt that needs an answer first. */
export function askingPrompt(request: ExtendedRequest): object {
  const context: unknown = responsesOf(request)["user_context"]?.content?.context;
  if (typeof context !== "string") return ask({ user_context: form("What context should the prompt use?", "context") });
  return { messages: [{ role: "user", content: { type: "text", text: `In the context of ${context}.` } }] };
}

/** Requests that a server of the 2025 era sends to its client in the middle of a call. */
export const pushTools: readonly ExtensionTool[] = [
  {
    name: "test_sampling",
    description: "Asks the client's model, in the 2025 era.",
    inputSchema: { type: "object", properties: { prompt: { type: "string" } }, required: ["prompt"] },
    async call({ prompt }: { prompt: string }, { context }) {
      const sampled = await context.mcpReq.requestSampling({
        messages: [{ role: "user", content: { type: "text", text: prompt } }],
        maxTokens: 100,
      });
      return say(`LLM response: ${textOf(sampled)}`);
    },
  },
  {
    name: "test_elicitation_sep1330_enums",
    description: "Asks a person by a form of every kind of choice.",
    async call(_args, { context }) {
      const answer = await context.mcpReq.elicitInput({ message: "Please choose.", requestedSchema: CHOICES as never });
      return say(`Elicitation completed: action=${answer.action}, content=${JSON.stringify(answer.content ?? {})}`);
    },
  },
];

const titled = (...titles: string[]): object[] => titles.map((title, at) => ({ const: `value${at + 1}`, title }));
const OPTIONS = ["option1", "option2", "option3"];
const several = { type: "array", minItems: 1, maxItems: 3 };

const CHOICES = {
  type: "object",
  properties: {
    untitledSingle: { type: "string", enum: OPTIONS },
    titledSingle: { type: "string", oneOf: titled("First Option", "Second Option", "Third Option") },
    legacyEnum: { type: "string", enum: ["opt1", "opt2", "opt3"], enumNames: ["Option One", "Option Two", "Option Three"] },
    untitledMulti: { ...several, items: { type: "string", enum: OPTIONS } },
    titledMulti: { ...several, items: { anyOf: titled("First Choice", "Second Choice", "Third Choice") } },
  },
  required: [],
};
