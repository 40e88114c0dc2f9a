import { head, INITIALIZE, list, MODERN, one, post, WEIGHTS, type HttpCase, type HttpMaking, type Make } from "./http-case.ts";

// What of HTTP/1.1 itself can be right and unusual, or wrong in ways by which two readers of the same bytes come to differ.

const CLOSES = { Connection: "close" } as const;
const STAYS = { Connection: "keep-alive" } as const;

const halfClosed: Make = (making) => ({
  ...one("a client that ends its side", post(making, list, MODERN), [200]),
  then: "half",
  answers: 1,
});

const pipelined: Make = (making) => {
  const times = making.random.int(2, 8);
  const many = Array.from({ length: times }, (_, at) => post(making, list, { ...MODERN, ...(at === times - 1 ? CLOSES : STAYS) }));
  return { ...one("requests in one go", Buffer.concat(many), [200]), answers: times };
};

/** Node ends a connection at once that goes on as no HTTP; what was asked before may go without its answer. */
const garbageBehind: Make = (making) => {
  const behind = making.random.pick([
    "HELLO\r\n\r\n",
    "\u0000\u0001\u0002",
    "POST /mcp HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n",
  ]);
  return one(
    "a right request and what is none",
    Buffer.concat([post(making, list, { ...MODERN, ...STAYS }), Buffer.from(behind)]),
    [200, 400],
  );
};

/** A body in chunks of any size, with extensions and trailers, as the standard has them. */
const chunked: Make = (making) => {
  const { random } = making;
  let body = "";
  for (let from = 0; from < list.length;) {
    const chunk = list.slice(from, from + random.int(1, 60));
    body += `${chunk.length.toString(16)}${random.chance(0.3) ? ";name=value" : ""}\r\n${chunk}\r\n`;
    from += chunk.length;
  }
  const trailers = random.chance(0.3) ? "X-Behind: it\r\nAuthorization: Bearer x\r\n" : "";
  return one("a body in chunks", `${head(making, { ...MODERN, "Transfer-Encoding": "chunked" })}${body}0\r\n${trailers}\r\n`, [200]);
};

const length = { "Content-Length": String(list.length) } as const;

/** Two readers would not agree where the body of these ends, or what a header says. */
const ambiguous: Make = (making) => {
  const right = head(making, { ...MODERN, ...length });
  const broken = making.random.pick([
    head(making, { ...MODERN, ...length, "Transfer-Encoding": "chunked" }),
    head(making, { ...MODERN, "Transfer-Encoding": "chunked, identity" }),
    head(making, { ...MODERN, "Transfer-Encoding": "xchunked" }),
    head(making, { ...MODERN, "Transfer-Encoding ": "chunked" }),
    head(making, { ...MODERN, ...length, "content-length": "3" }),
    head(making, { ...MODERN, "Content-Length": `+${list.length}` }),
    head(making, { ...MODERN, "Content-Length": `${list.length}, ${list.length}` }),
    right.replace("Accept:", "X-Folded: a\r\n b\r\nAccept:").replace("\r\n b", "\r\n\u0000b"),
    right.replace("Accept:", "X-Zero: a\u0000b\r\nAccept:"),
    right.replace("Accept:", "X Space: a\r\nAccept:"),
    right.replace("HTTP/1.1", "HTTP/1.1 x"),
    `PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n`,
  ]);
  return one("a head that is read in two ways", broken + list, [0, 400, 415, 505]);
};

const otherwise: Make = (making) => {
  const { random } = making;
  return random.pick([
    one("a client that asks first", post(making, list, { ...MODERN, Expect: "100-continue" }), [100]),
    one("a client that expects what there is not", post(making, list, { ...MODERN, Expect: "a miracle" }), [417]),
    one("another protocol offered", post(making, list, { ...MODERN, Upgrade: "websocket", Connection: "Upgrade, close" }), [200]),
    one(
      "many headers",
      post(making, list, { ...MODERN, ...Object.fromEntries(Array.from({ length: 400 }, (_, at) => [`X-${at}`, "y"])) }),
      [200],
    ),
    one("two callers", post(making, list, { ...MODERN, authorization: `Bearer ${making.callers.revoked}` }), [200]),
    one(
      "two callers, the wrong one first",
      post(making, list, { authorization: "Bearer x", ...MODERN })
        .toString()
        .replace(/^(POST[^\r]*\r\n)/, "$1authorization: Bearer x\r\n"),
      [401, 429],
    ),
    one("a look without a body", head(making, {}, "HEAD /mcp HTTP/1.1"), [405]),
    one("a question that no page asked", head(making, {}, "OPTIONS /mcp HTTP/1.1"), [403]),
  ]);
};

/** Many messages at once, of either era; the 2026 era has no such thing, and a session begins with one message alone. */
const batch: Make = (making) => {
  const { random } = making;
  const size = random.pick([0, 1, 2, 50, 2000]);
  const ids = random.chance(0.5) ? [1] : ["__proto__", -1, null, 1.5, true, "\ud800", "a\u0000b", [], {}];
  const method = random.pick(["tools/list", "ping", "tools/call"]);
  const many = Array.from({ length: size }, () => ({ jsonrpc: "2.0", id: random.pick(ids), method, params: random.chance(0.2) ? [] : {} }));
  const messages = random.chance(0.3) ? [INITIALIZE, ...many] : random.chance(0.1) ? [many] : many;
  return one("many messages at once", post(making, JSON.stringify(messages), random.chance(0.5) ? MODERN : {}), [400]);
};

const FRAMING: readonly (readonly [number, Make])[] = [
  [6, halfClosed],
  [6, pipelined],
  [4, garbageBehind],
  [8, chunked],
  [10, ambiguous],
  [8, otherwise],
  [10, batch],
];
const MAKES: readonly Make[] = [...WEIGHTS, ...FRAMING].flatMap(([weight, make]) => Array.from({ length: weight }, () => make));

/** The request of that number; the same for the same random numbers. */
export function httpCaseOf(making: HttpMaking): HttpCase {
  return making.random.pick(MAKES)(making);
}
