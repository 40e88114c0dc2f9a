import type { ModelApi } from "./scripted-model.ts";

// As much of three makers' APIs as their own command lines need to be led by a script: found by what they sent and accepted.

/** Anthropic's Messages, as Claude Code speaks them. */
export const ANTHROPIC: ModelApi = {
  isTurn: (path) => /\/v1\/messages(\?|$)/.test(path),
  read(body) {
    const blocks = ((body.messages ?? []) as any[]).flatMap(({ content }) => (Array.isArray(content) ? content : []));
    const result = blocks.findLast(({ type }) => type === "tool_result");
    return { tools: ((body.tools ?? []) as any[]).map(({ name }) => name as string), lastAnswer: textOf(result?.content) };
  },
  answer({ body }, call, reply) {
    const id = `msg_${call?.turn ?? "end"}`;
    const usage = { input_tokens: 1, output_tokens: 1 };
    const block = call ? { type: "tool_use", id: `toolu_${call.turn}`, name: call.name, input: {} } : { type: "text", text: "" };
    const delta = call ? { type: "input_json_delta", partial_json: JSON.stringify(call.args) } : { type: "text_delta", text: "Done." };
    const head = { id, type: "message", role: "assistant", model: body.model, stop_sequence: null, usage };
    const stop_reason = call ? "tool_use" : "end_turn";
    if (body.stream !== true)
      return reply.json({ ...head, stop_reason, content: [call ? { ...block, input: call.args } : { type: "text", text: "Done." }] });
    const events = [
      { type: "message_start", message: { ...head, content: [], stop_reason: null } },
      { type: "content_block_start", index: 0, content_block: block },
      { type: "content_block_delta", index: 0, delta },
      { type: "content_block_stop", index: 0 },
      { type: "message_delta", delta: { stop_reason, stop_sequence: null }, usage },
      { type: "message_stop" },
    ];
    reply.events(events.map((data) => ({ name: data.type, data })));
  },
};

/** OpenAI's Responses, as Codex speaks them: tools of a server are a namespace. */
export const OPENAI: ModelApi = {
  isTurn: (path) => path.endsWith("/responses"),
  read(body) {
    const output = ((body.input ?? []) as any[]).findLast(({ type }) => type === "function_call_output")?.output;
    return { tools: namespaced(body).map(({ full }) => full), lastAnswer: textOf(output) };
  },
  answer({ body }, call, reply) {
    const id = `resp_${call?.turn ?? "end"}`;
    const tool = namespaced(body).find(({ full }) => full === call?.name);
    const item = call
      ? { type: "function_call", id: `fc_${call.turn}`, call_id: `call_${call.turn}`, ...tool?.named, arguments: JSON.stringify(call.args) }
      : { type: "message", id: "msg_end", role: "assistant", content: [{ type: "output_text", text: "Done." }] };
    const events = [
      { type: "response.created", response: { id } },
      { type: "response.output_item.done", output_index: 0, item },
      { type: "response.completed", response: { id, usage: { input_tokens: 1, output_tokens: 1, total_tokens: 2 } } },
    ];
    reply.events(events.map((data) => ({ name: data.type, data })));
  },
};

/** Google's generateContent, as Gemini CLI speaks it. */
export const GOOGLE: ModelApi = {
  isTurn: (path) => path.includes("enerateContent"),
  read(body) {
    const parts = ((body.contents ?? []) as any[]).flatMap(({ parts: each }) => each as any[]);
    const response = parts.findLast(({ functionResponse }) => functionResponse !== undefined)?.functionResponse.response;
    const declared = ((body.tools ?? []) as any[]).flatMap(({ functionDeclarations }) => functionDeclarations ?? []);
    return { tools: declared.map(({ name }: any) => name as string), lastAnswer: textOf(response?.output ?? response) };
  },
  answer({ path, body }, call, reply) {
    // A turn without tools wants JSON of the client's own: which model to take, who speaks next.
    const own = { model_choice: "pro", reasoning: "none", complexity_score: 1, complexity_reasoning: "none", next_speaker: "user" };
    const text = body.generationConfig?.responseMimeType === "application/json" ? JSON.stringify(own) : "Done.";
    const part = call ? { functionCall: { name: call.name, args: call.args } } : { text };
    const data = {
      candidates: [{ index: 0, finishReason: "STOP", content: { role: "model", parts: [part] } }],
      usageMetadata: { promptTokenCount: 1, candidatesTokenCount: 1, totalTokenCount: 2 },
    };
    if (path.includes("stream")) reply.events([{ data }]);
    else reply.json(data);
  },
};

function namespaced(body: any): { full: string; named: { name: string; namespace?: string } }[] {
  return ((body.tools ?? []) as any[]).flatMap(({ type, name: namespace, tools }): ReturnType<typeof namespaced> =>
    type === "namespace"
      ? (tools as any[]).map(({ name }) => ({ full: `${namespace}__${name}`, named: { name, namespace } }))
      : [{ full: String(namespace), named: { name: String(namespace) } }],
  );
}

function textOf(content: unknown): string {
  if (content === undefined) return "";
  if (typeof content === "string") return content;
  if (Array.isArray(content)) return content.map((part) => (part as { text?: string }).text ?? "").join("\n");
  return JSON.stringify(content);
}
