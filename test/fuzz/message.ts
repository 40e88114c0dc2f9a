import type { Random } from "../chaos/random.ts";
import type { ListedTool } from "../support/published-bins.ts";
import { anyJson, argumentsFor, nested } from "./hostile-json.ts";

/** One line for a server. */
export interface FuzzMessage {
  readonly kind: string;
  /** Without the newline. */
  readonly bytes: Buffer;
  /** The request that must be answered, once or more. */
  readonly owed?: string;
  /** A request that may go without an answer from now on. */
  readonly forgiven?: string;
}

/** What a message is made from. */
export interface Making {
  readonly random: Random;
  /** Number of the message in its session. */
  readonly at: number;
  readonly tools: readonly ListedTool[];
}

const PROTOCOL = "io.modelcontextprotocol/";

/** What a client of the 2026 era puts into every request. */
export const ENVELOPE = {
  [`${PROTOCOL}protocolVersion`]: "2026-07-28",
  [`${PROTOCOL}clientCapabilities`]: {},
  [`${PROTOCOL}clientInfo`]: { name: "fuzz", version: "1" },
} as const;

const METHODS = [
  "tools/list",
  "ping",
  "server/discover",
  "prompts/list",
  "prompts/get",
  "resources/list",
  "resources/read",
  "resources/templates/list",
  "completion/complete",
  "logging/setLevel",
  "tasks/get",
  "sampling/createMessage",
  "elicitation/create",
  "initialize",
  "",
  "tools/call/",
  "__proto__",
  "toString",
] as const;

const NOTIFICATIONS = [
  "notifications/initialized",
  "notifications/progress",
  "notifications/roots/list_changed",
  "notifications/nothing",
] as const;

const text = (value: unknown): Buffer => Buffer.from(JSON.stringify(value));
const idOf = (at: number): string => `fuzz-${at}`;

/** A request with an id of its own: it must be answered, whatever else is wrong with it. */
function request({ at }: Making, method: string, params: unknown): FuzzMessage {
  const kind = method === "tools/call" ? "call" : "request";
  return { kind, bytes: text({ jsonrpc: "2.0", id: idOf(at), method, params }), owed: idOf(at) };
}

function withEnvelope(random: Random, params: object): object {
  const all = Object.entries(ENVELOPE);
  if (random.chance(0.5)) return { ...params, _meta: ENVELOPE };
  if (random.chance(0.4)) return params;
  const some = all.filter(() => random.chance(0.7)).map(([name, value]) => [name, random.chance(0.3) ? anyJson(random, 1) : value]);
  return { ...params, _meta: random.chance(0.1) ? anyJson(random, 1) : Object.fromEntries(some) };
}

type Make = (making: Making) => FuzzMessage;

const call: Make = (making) => {
  const { random, tools } = making;
  const tool = random.pick(tools);
  const name = random.chance(0.93) ? tool.name : random.pick([`${tool.name}s`, "", "x".repeat(5000), "toString"]);
  const params = withEnvelope(random, { name, arguments: argumentsFor(random, tool.inputSchema) });
  const forged = random.chance(0.05)
    ? { inputResponses: { decision: { action: "accept", content: { confirm: true } } }, requestState: "e30.AAAA" }
    : {};
  return request(making, "tools/call", { ...params, ...forged });
};

const otherRequest: Make = (making) => {
  const { random } = making;
  const params = random.chance(0.3) ? { uri: "workflow://runs/x", name: "x", ref: null } : {};
  return request(making, random.pick(METHODS), withEnvelope(random, params));
};

const notification: Make = ({ random }) => ({
  kind: "notification",
  bytes: text({
    jsonrpc: "2.0",
    method: random.pick(NOTIFICATIONS),
    params: random.chance(0.5) ? {} : { progressToken: anyJson(random, 0), progress: anyJson(random, 0) },
  }),
});

const cancellation: Make = ({ random, at }) => {
  const id = idOf(Math.max(0, at - random.int(1, 5)));
  const requestId = random.chance(0.6) ? id : anyJson(random, 1);
  return {
    kind: "cancellation",
    bytes: text({ jsonrpc: "2.0", method: "notifications/cancelled", params: { requestId, reason: "fuzz" } }),
    forgiven: id,
  };
};

const answerToNothing: Make = ({ random, at }) => {
  const body = random.chance(0.5)
    ? { result: anyJson(random) }
    : { error: random.chance(0.5) ? { code: -1, message: "x" } : anyJson(random) };
  return { kind: "answer to nothing", bytes: text({ jsonrpc: "2.0", id: random.pick([0, 1, -1, 1e6, idOf(at), "x"]), ...body }) };
};

const wrongShape: Make = ({ random, at }) => {
  const right = { jsonrpc: "2.0", id: `shape-${at}`, method: "tools/list", params: {} };
  const shapes = [
    { ...right, jsonrpc: "1.0" },
    { id: right.id, method: right.method },
    { ...right, params: [1, 2] },
    { ...right, params: "x" },
    { ...right, params: null },
    { ...right, id: null },
    { ...right, id: { a: 1 } },
    { ...right, id: [1] },
    { ...right, id: true },
    { ...right, id: 1.5 },
    { ...right, id: 2 ** 60 },
    { ...right, method: 5 },
    { ...right, method: null },
    { ...right, result: {}, error: {} },
    [right, right],
    [],
    anyJson(random),
  ];
  return { kind: "wrong shape", bytes: text(random.pick(shapes)) };
};

const duplicateId: Make = ({ random, at }) => ({
  kind: "duplicate id",
  bytes: text({
    jsonrpc: "2.0",
    id: idOf(Math.max(0, at - random.int(1, 3))),
    method: random.pick(["tools/list", "ping"]),
    params: withEnvelope(random, {}),
  }),
});

const garbage: Make = ({ random }) => {
  const length = random.int(1, 300);
  const bytes = Buffer.from(Array.from({ length }, () => random.int(0, 255)).filter((byte) => byte !== 10));
  const texts = [
    "not json",
    "{",
    "}{",
    '{"jsonrpc":"2.0","id":1,',
    "\u0000",
    "\r",
    " \t ",
    "NaN",
    "undefined",
    '"',
    "Content-Length: 20\r\n\r\n{}",
    "GET / HTTP/1.1\r",
  ];
  return { kind: "garbage", bytes: random.chance(0.5) ? bytes : Buffer.from(random.pick(texts)) };
};

const brokenText: Make = (making) => {
  const { bytes } = call(making);
  const cut = making.random.int(1, bytes.length - 1);
  // Cut short, or with bytes in it that are no UTF-8.
  const broken = making.random.chance(0.5)
    ? bytes.subarray(0, cut)
    : Buffer.concat([bytes.subarray(0, cut), Buffer.from([0xc3, 0x28, 0xff, 0xfe]), bytes.subarray(cut)]);
  return { kind: "broken text", bytes: broken };
};

const oddJson: Make = ({ random, at, tools }) => {
  const name = JSON.stringify(random.pick(tools).name);
  const wrap = (args: string): string =>
    `{"jsonrpc":"2.0","id":"${idOf(at)}","method":"tools/call","params":{"name":${name},"arguments":${args}}}`;
  const args = [
    '{"__proto__":{"polluted":true}}',
    '{"constructor":{"prototype":{"polluted":true}}}',
    '{"a":1e999,"b":-1e999}',
    '{"a":1,"a":2,"a":3}',
    '{"\\ud800":"\\udfff"}',
    `{"a":${"9".repeat(3000)}}`,
    "null",
    "[]",
    '"text"',
  ];
  return { kind: "odd json", bytes: Buffer.from(wrap(random.pick(args))), owed: idOf(at) };
};

const deep: Make = ({ random, at, tools }) => {
  const times = random.pick([50, 1000, 20_000]);
  const inside = random.chance(0.5) ? nested("[", "", "]", times) : nested('{"a":', "1", "}", times);
  const name = JSON.stringify(random.pick(tools).name);
  const line = `{"jsonrpc":"2.0","id":"${idOf(at)}","method":"tools/call","params":{"name":${name},"arguments":{"x":${inside}}}}`;
  return { kind: "deep", bytes: Buffer.from(line), owed: idOf(at) };
};

const huge: Make = (making) => {
  const { random, tools } = making;
  const tool = random.pick(tools);
  const name = random.pick(Object.keys(tool.inputSchema.properties ?? {}).concat("x"));
  const value = random.chance(0.5)
    ? "ä".repeat(random.int(10_000, 400_000))
    : Array.from({ length: random.int(1000, 60_000) }, (_, i) => i);
  return { ...request(making, "tools/call", { name: tool.name, arguments: { [name]: value } }), kind: "huge" };
};

/** How often each is made, of 200. */
const WEIGHTS: readonly (readonly [number, Make])[] = [
  [70, call],
  [35, otherRequest],
  [10, notification],
  [8, cancellation],
  [10, answerToNothing],
  [18, wrongShape],
  [10, duplicateId],
  [14, garbage],
  [10, brokenText],
  [10, oddJson],
  [3, deep],
  [2, huge],
];
const MAKES: readonly Make[] = WEIGHTS.flatMap(([weight, make]) => Array.from({ length: weight }, () => make));

/** The message of that number; the same for the same random numbers. */
export function messageOf(making: Making): FuzzMessage {
  return making.random.pick(MAKES)(making);
}
