import { connect } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import type { Tokens } from "@platform-ops/ledger";
import { exchange, faultOf, statusOf, whenClosed, within } from "./exchange.ts";
import { head, INITIALIZE, list, MODERN, one, post, type Headers, type HttpMaking } from "./http-case.ts";

/** Whose access is taken away in the middle, and how. */
export type Ending = "revoked" | "expired";

const EXPIRES_MS = 2_500;

/**
 * A client that was let in: a session with a stream that stands, hostile messages within it, somebody else who tries to use it, and
 * then its token is revoked or expires. Resolves to what was wrong.
 */
export async function conversation(making: HttpMaking, tokens: Tokens, server: string, ending: Ending): Promise<string[]> {
  const { port } = making;
  const principal = `${ending}-${making.at}`;
  const expires_at = new Date(Date.now() + (ending === "expired" ? EXPIRES_MS : 600_000)).toISOString();
  const { token, grant } = await tokens.create({ server, principal, read_only: false, created_by: "tty:fuzz", expires_at });
  const mine: HttpMaking = { ...making, callers: { ...making.callers, right: token } };
  const problems: string[] = [];
  const begun = await exchange(port, one("initialize", post(mine, JSON.stringify(INITIALIZE)), [200]));
  const id = /^mcp-session-id: (\S+)/im.exec(begun)?.[1];
  if (id === undefined) return [`${principal}: no session, but ${begun.slice(0, 300)}`];
  const session = { "Mcp-Session-Id": id, "MCP-Protocol-Version": "2025-11-25" };

  const stream = connect({ host: "127.0.0.1", port });
  let streamed = "";
  stream.on("data", (bytes: Buffer) => (streamed += bytes.toString("latin1")));
  const streamEnded = whenClosed(stream);
  stream.write(head(mine, { ...session, Accept: "text/event-stream" }, "GET /mcp HTTP/1.1"));

  for (const [kind, body, headers, accepted] of hostile(mine, session))
    problems.push(...(await Promise.all([mine, mine].map((who) => tried(who, kind, body, headers, accepted)))).flat());
  // A session is of one token; the address alone opens nothing.
  problems.push(...(await tried(making, "somebody else's session", ask(), session, [404])));

  if (ending === "revoked") await tokens.revoke(grant.id, "tty:fuzz");
  else await sleep(Math.max(0, Date.parse(expires_at) - Date.now()) + 50);
  problems.push(...(await tried(mine, `a session whose token is ${ending}`, ask(), session, [401, 429])));
  problems.push(...(await tried(mine, `a token that is ${ending}`, list, MODERN, [401, 429])));
  await within(streamEnded);
  if (!stream.readableEnded && !stream.destroyed) problems.push(`the stream of a token that is ${ending} goes on: ${streamed.slice(-200)}`);
  if (statusOf(streamed) !== 200) problems.push(`no stream, but ${streamed.slice(0, 300)}`);
  stream.destroy();
  return problems;
}

const ask = (more: object = {}): string => JSON.stringify({ jsonrpc: "2.0", id: 7, method: "tools/list", ...more });

async function tried(making: HttpMaking, kind: string, body: string, headers: Headers, accepted: readonly number[]): Promise<string[]> {
  const it = one(kind, post(making, body, headers), accepted);
  const problem = faultOf(it, await exchange(making.port, it));
  return problem === undefined ? [] : [problem];
}

/** What is said within a session; two of each at the same time. */
function hostile({ random }: HttpMaking, headers: Headers): (readonly [string, string, Headers, readonly number[]])[] {
  const odd = random.pick(["__proto__", "\ud800", "a\u0000b", -1, 0, 2 ** 53, "x".repeat(5000)]);
  return [
    // One of both is still worked on when the other comes, or not.
    ["an id twice at once", ask(), headers, [200, 400]],
    ["an odd id", ask({ id: odd }), headers, [200, 400]],
    ["ids that are none", JSON.stringify([null, {}, [], true, 1.5].map((id) => ({ jsonrpc: "2.0", id, method: "ping" }))), headers, [400]],
    ["many of one id", JSON.stringify(Array.from({ length: 5 }, () => JSON.parse(ask()))), headers, [400]],
    [
      "more at once than are worked on",
      JSON.stringify(Array.from({ length: 200 }, (_, id) => ({ jsonrpc: "2.0", id, method: "ping" }))),
      headers,
      [429],
    ],
    ["a second beginning", JSON.stringify(INITIALIZE), headers, [400]],
    [
      "what is cancelled before it was asked",
      JSON.stringify({ jsonrpc: "2.0", method: "notifications/cancelled", params: { requestId: 7 } }),
      headers,
      [202],
    ],
    ["an answer to nothing", JSON.stringify({ jsonrpc: "2.0", id: 7, result: { __proto__: null, constructor: 1 } }), headers, [202]],
    ["a place to go on from", ask({ id: 8 }), { ...headers, "Last-Event-ID": "../../x" }, [200, 400]],
    ["another version", ask({ id: 9 }), { ...headers, "MCP-Protocol-Version": "1999-01-01" }, [400]],
  ];
}
