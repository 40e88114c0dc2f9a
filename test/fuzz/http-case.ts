import { ENVELOPE, messageOf, type Making } from "./message.ts";

/** What a caller has to show for itself. */
export interface Callers {
  readonly right: string;
  readonly revoked: string;
  readonly expired: string;
}

/** One request over a connection of its own. */
export interface HttpCase {
  readonly kind: string;
  /** Sent one after the other. */
  readonly pieces: readonly Buffer[];
  /** What the client does when all is sent; by default it reads to the end of the answer. `half`: it ends its own side first. */
  readonly then?: "leave" | "wait" | "half";
  /** The statuses that are right; 0: closed without an answer. */
  readonly accepted: readonly number[];
  /** How many answers come on the connection, where that is known. */
  readonly answers?: number;
}

export interface HttpMaking extends Making {
  readonly port: number;
  readonly callers: Callers;
}

export type Headers = Record<string, string | undefined>;

/** Refusals that any request of a client that may call can get. */
const ANSWERS = [200, 202, 400, 404, 405, 406, 415] as const;

const EVIL = [
  "evil.example",
  "evil.example:80",
  "localhost.evil.example",
  "127.0.0.1.evil.example",
  "[::ffff:8.8.8.8]",
  "a".repeat(300),
  "localhost:x",
  "user@localhost",
  "",
];

export function head(making: HttpMaking, headers: Headers, line = "POST /mcp HTTP/1.1"): string {
  const all: Headers = {
    Host: `127.0.0.1:${making.port}`,
    Authorization: `Bearer ${making.callers.right}`,
    "Content-Type": "application/json",
    Accept: "application/json, text/event-stream",
    Connection: "close",
    ...headers,
  };
  const given = Object.entries(all).flatMap(([name, value]) => (value === undefined ? [] : [`${name}: ${value}`]));
  return [line, ...given, "", ""].join("\r\n");
}

export function post(making: HttpMaking, body: Buffer | string, headers: Headers = {}): Buffer {
  const bytes = Buffer.from(body);
  return Buffer.concat([Buffer.from(head(making, { "Content-Length": String(bytes.length), ...headers }), "latin1"), bytes]);
}

const LIST = { jsonrpc: "2.0", id: 1, method: "tools/list", params: { _meta: ENVELOPE } } as const;
export const MODERN: Headers = { "MCP-Protocol-Version": "2026-07-28", "Mcp-Method": "tools/list" };
export const INITIALIZE = {
  jsonrpc: "2.0",
  id: 1,
  method: "initialize",
  params: { protocolVersion: "2025-11-25", capabilities: {}, clientInfo: { name: "fuzz", version: "1" } },
} as const;
export const list = JSON.stringify(LIST);

export const one = (kind: string, bytes: Buffer | string, accepted: readonly number[], then?: HttpCase["then"]): HttpCase => ({
  kind,
  pieces: [Buffer.from(bytes)],
  accepted,
  ...(then && { then }),
});

export type Make = (making: HttpMaking) => HttpCase;

const rightList: Make = (making) => one("a right list", post(making, list, MODERN), [200]);

/** A message of the other generator as a body, with headers that fit it or not. */
const message: Make = (making) => {
  const { bytes } = messageOf(making);
  const { random } = making;
  const method = /"method":"([\w/]*)"/.exec(bytes.toString("latin1"))?.[1] ?? "tools/list";
  const name = /"params":\{"name":"([\w-]*)"/.exec(bytes.toString("latin1"))?.[1];
  const fitting: Headers = { "MCP-Protocol-Version": "2026-07-28", "Mcp-Method": method, ...(name !== undefined && { "Mcp-Name": name }) };
  const headers = random.chance(0.7)
    ? fitting
    : random.chance(0.5)
      ? {}
      : { "MCP-Protocol-Version": random.pick(["2025-11-25", "1999-01-01", "x"]) };
  return one("a message", post(making, bytes, headers), [...ANSWERS, 413]);
};

const caller: Make = (making) => {
  const { revoked, expired, right } = making.callers;
  const wrong = [
    undefined,
    "",
    "Bearer",
    "Bearer ",
    `Bearer ${revoked}`,
    `Bearer ${expired}`,
    `Bearer ${right}x`,
    `Basic ${right}`,
    `bearer x, Bearer y`,
    `Bearer ${"x".repeat(3000)}`,
    "Bearer ../../etc/passwd",
    `Token ${right}`,
  ];
  // 429: so many wrong tokens that they are not even looked at.
  return one("a caller that may not", post(making, list, { ...MODERN, Authorization: making.random.pick(wrong) }), [401, 429]);
};

const rebinding: Make = (making) => {
  const { random } = making;
  if (random.chance(0.5)) return one("another host", post(making, list, { ...MODERN, Host: random.pick(EVIL) }), [400, 403]);
  const origin = random.pick([
    "http://evil.example",
    "null",
    "https://localhost",
    "file://",
    "http://127.0.0.1:1",
    "http://localhost.evil.example",
  ]);
  return one("a page of another origin", post(making, list, { ...MODERN, Origin: origin }), [403]);
};

const hostTwice: Make = (making) => one("two hosts", post(making, list, { ...MODERN, host: "evil.example" }), [400, 403]);

const place: Make = (making) => {
  const line = making.random.pick([
    "GET /mcp",
    "PUT /mcp",
    "PATCH /mcp",
    "TRACE /mcp",
    "DELETE /mcp",
    "POST /",
    "POST /mcp/../../x",
    "GET //mcp",
    "POST /MCP",
    `GET /${"a".repeat(2000)}`,
    "CONNECT localhost:1",
    "POST http://evil.example/mcp",
  ]);
  return one(
    "another place",
    post(making, list, { ...MODERN, "Content-Length": String(list.length) })
      .toString()
      .replace("POST /mcp", line),
    [0, 400, 403, 404, 405],
  );
};

const session: Make = (making) => {
  const { random } = making;
  const id = random.pick(["", "x", "../x", "0".repeat(500), "00000000-0000-4000-8000-000000000000"]);
  const line = random.pick(["GET /mcp HTTP/1.1", "DELETE /mcp HTTP/1.1", "POST /mcp HTTP/1.1"]);
  const body = JSON.stringify({ jsonrpc: "2.0", id: 1, method: "tools/list" });
  const headers = { "Mcp-Session-Id": id, "Content-Length": line.startsWith("POST") ? String(body.length) : "0" };
  return one("a session of nobody", head(making, headers, line) + (line.startsWith("POST") ? body : ""), [400, 404, 405]);
};

const begins: Make = (making) => one("a session begun and left", post(making, JSON.stringify(INITIALIZE)), [200]);

const badBody: Make = (making) => {
  const { random } = making;
  const kinds = [
    one(
      "another type of content",
      post(making, list, {
        ...MODERN,
        "Content-Type": random.pick(["text/plain", "", "application/json-seq", "multipart/form-data; boundary=x"]),
      }),
      [415],
    ),
    one("an encoded body", post(making, list, { ...MODERN, "Content-Encoding": "gzip" }), [415]),
    one("a body that is not JSON", post(making, Buffer.from([0xff, 0xfe, 0x7b, 0xc3, 0x28]), MODERN), [400]),
    one("a body that is too large", post(making, "", { "Content-Length": "50000000" }), [413]),
    one(
      "a length that is none",
      post(making, list, { ...MODERN, "Content-Length": random.pick(["-1", "abc", "1e3", "99999999999999999999"]) }),
      [0, 400, 413],
    ),
    one(
      "chunks that are none",
      head(making, { ...MODERN, "Transfer-Encoding": "chunked" }) +
        random.pick(["zz\r\n", "5\r\nab\r\n\r\n", "FFFFFFFFFFFFFFFFF\r\nx", "-5\r\nabc\r\n0\r\n\r\n"]),
      [0, 400],
      "leave",
    ),
    one("two lengths", head(making, { ...MODERN, "Content-Length": "5", "Transfer-Encoding": "chunked" }) + "0\r\n\r\n", [0, 400]),
    one("a head that is too large", head(making, { "X-Fill": "x".repeat(30_000) }), [0, 431]),
    one(
      "a line that is none",
      Buffer.from(
        random.pick([
          "\r\n\r\n",
          "GET\r\n\r\n",
          "HELLO\r\n\r\n",
          "\u0016\u0003\u0001\u0002",
          "POST /mcp HTTP/9.9\r\n\r\n",
          "GET /mcp HTTP/1.1\r\n\r\n",
        ]),
      ),
      [0, 400, 403],
      "leave",
    ),
  ];
  return random.pick(kinds);
};

const pieces: Make = (making) => {
  const whole = post(making, list, MODERN);
  const cut = making.random.int(1, whole.length - 1);
  return { kind: "in two pieces", pieces: [whole.subarray(0, cut), whole.subarray(cut)], accepted: [200] };
};

const leaves: Make = (making) => {
  const { random } = making;
  const body = messageOf(making).bytes;
  const whole = post(making, random.chance(0.5) ? list : body, MODERN);
  return { kind: "left early", pieces: [whole.subarray(0, random.int(1, whole.length))], then: "leave", accepted: [0, ...ANSWERS, 413] };
};

/** Rare, because it takes as long as the server waits for a body. */
const slow: Make = (making) => one("a slow body", head(making, { ...MODERN, "Content-Length": "100" }) + '{"jsonrpc"', [0, 408], "wait");

export const WEIGHTS: readonly (readonly [number, Make])[] = [
  [90, message],
  [20, rightList],
  [20, caller],
  [16, rebinding],
  [4, hostTwice],
  [10, place],
  [8, session],
  [4, begins],
  [18, badBody],
  [8, pieces],
  [16, leaves],
  [1, slow],
];
/** A right request, as bytes. */
export function rightRequest(making: HttpMaking): HttpCase {
  return rightList(making);
}
