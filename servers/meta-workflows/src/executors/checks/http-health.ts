import { request as requestHttp, type IncomingMessage } from "node:http";
import { request as requestHttps } from "node:https";
import { OpsError } from "@platform-ops/errors";
import { z } from "zod";
import { defineCheck } from "./check.ts";

const MAX_BODY = 65_536;
const MAX_REDIRECTS = 3;
const LOOPBACK = /^(localhost|127(\.\d{1,3}){3}|\[::1\])$/;

export const httpHealth = defineCheck({
  name: "http.health",
  summary: "A GET of `url` is answered with `status` (200 to 299 by default) and, where it is given, a body that holds `contains`.",
  input: z.strictObject({
    url: z.string().min(1).max(2_000),
    status: z.int().min(100).max(599).optional(),
    contains: z.string().min(1).max(1_000).optional(),
    timeout_seconds: z.int().min(1).max(60).optional(),
  }),
  facts: { status: "of the answer", duration_ms: "until it was read", why: "why there was none" },
  async run({ deps }, { url, status, contains, timeout_seconds = 10 }, { call, timeoutMs }) {
    const begun = Date.now();
    const within = Math.min(timeoutMs, timeout_seconds * 1_000);
    const signal = AbortSignal.any([call.signal, AbortSignal.timeout(within)]);
    try {
      const answer = await get(allowedUrl(url, deps.settings.http_hosts), signal);
      const duration_ms = Date.now() - begun;
      const fits = status === undefined ? answer.status >= 200 && answer.status < 300 : answer.status === status;
      const holds = contains === undefined || answer.body.includes(contains);
      const message = `It answered with ${answer.status}${fits && !holds ? ", without the text that it should hold" : ""}.`;
      return { ok: fits && holds, message, status: answer.status, duration_ms };
    } catch (error) {
      if (error instanceof OpsError || call.signal.aborted) throw error;
      const why = signal.aborted ? `no answer within ${within} ms` : reasonOf(error);
      return { ok: false, message: `It does not answer: ${why}.`, why, duration_ms: Date.now() - begun };
    }
  },
});

/** @throws OpsError invalid_input, not_allowed */
function allowedUrl(text: string, hosts: readonly string[]): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || !["http:", "https:"].includes(url.protocol) || url.username !== "" || url.password !== "")
    throw new OpsError("invalid_input", "url must be an http or https address without an account in it.");
  const isAllowed = LOOPBACK.test(url.hostname) || hosts.some((host) => host === url.host || host === url.hostname);
  if (!isAllowed)
    throw new OpsError("not_allowed", `The host ${url.host} is not one that may be asked.`, {
      hint: "This machine always may; the operator allows others: meta_workflows.http_hosts.",
    });
  return url;
}

async function get(first: URL, signal: AbortSignal): Promise<{ status: number; body: string }> {
  let url = first;
  for (let redirects = 0; ; redirects += 1) {
    const response = await send(url, signal);
    const status = response.statusCode ?? 0;
    const { location } = response.headers;
    if (status < 300 || status > 399 || location === undefined) return { status, body: await bodyOf(response) };
    response.destroy();
    const next = URL.canParse(location, url.href) ? new URL(location, url) : undefined;
    // Where an answer leads to another host, the answer is what there is to say.
    if (next?.origin !== first.origin || redirects >= MAX_REDIRECTS) return { status, body: "" };
    url = next;
  }
}

/** A connection of its own, straight to the host: no proxy of the environment stands between. */
function send(url: URL, signal: AbortSignal): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const options = { method: "GET", signal, agent: false, headers: { "user-agent": "platform-ops", accept: "*/*" } } as const;
    const sent = url.protocol === "https:" ? requestHttps(url, options, resolve) : requestHttp(url, options, resolve);
    sent.once("error", reject);
    sent.end();
  });
}

async function bodyOf(response: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    chunks.push(chunk);
    size += chunk.length;
    if (size >= MAX_BODY) break;
  }
  response.destroy();
  return Buffer.concat(chunks).subarray(0, MAX_BODY).toString("utf8");
}

function reasonOf(error: unknown): string {
  const { code } = error as { code?: unknown };
  return typeof code === "string" && /^[A-Z][A-Z0-9_]{1,60}$/.test(code) ? code : "the connection failed";
}
