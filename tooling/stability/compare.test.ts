import { expect, test } from "vitest";
import { compareSurfaces } from "./compare.ts";
import { bare } from "./schema.ts";
import type { Surface } from "./surface.ts";

const input = {
  type: "object",
  properties: {
    name: { type: "string", maxLength: 100, pattern: "^a" },
    mode: { enum: ["plan", "apply"], default: "plan" },
    nodes: { type: "array", items: { type: "string", minLength: 1 } },
    wait: { type: "integer", minimum: 0 },
  },
  required: ["name"],
  additionalProperties: false,
};
const output = { type: "object", properties: { id: { type: "string" }, status: { enum: ["open", "closed"] } }, required: ["id"] };

const SURFACE = {
  version: "1.0.0",
  servers: {
    one: {
      package: "@x/one",
      bin: "one",
      node: ">=20",
      tools: { look: { effect: { readOnlyHint: true }, input, output } },
      resources: ["one://a"],
      prompts: ["ask"],
      commands: { approve: { key: "string" } },
      runs: ["update decide: decide"],
    },
  },
  libraries: { "@x/kit": { ".": { serve: "value", Server: "type" }, "./http": { listen: "value" } } },
  settings: { "logging.level": { flag: "--log-level", env: ["LOG_LEVEL"], default: "info" } },
  files: { configuration: { type: "object", properties: { temporal: { type: "object" } }, anyOf: [{ type: "object" }] } },
  errors: { not_found: { retryable: false, exit: 1 } },
} satisfies Surface;

const TOOL = "server one tool look";
type Draft = any;

/** What is changed, whether it is a break, and how it is told. */
const CHANGES: readonly (readonly [name: string, change: (draft: Draft) => void, breaks: boolean, told: string])[] = [
  ["a tool goes", (s) => delete s.servers.one.tools.look, true, `${TOOL}: is gone`],
  ["a tool comes", (s) => (s.servers.one.tools.more = s.servers.one.tools.look), false, "server one tool more: is new"],
  [
    "a tool only read, and writes",
    (s) => (s.servers.one.tools.look.effect = { readOnlyHint: false }),
    true,
    'effect was {"readOnlyHint":true}',
  ],
  ["an argument goes", (s) => delete props(s).wait, true, `${TOOL}.wait: is gone`],
  ["an argument comes", (s) => (props(s).more = {}), false, `${TOOL}.more: is new`],
  ["a required argument comes", (s) => ((props(s).more = {}), tool(s).input.required.push("more")), true, "is new and required"],
  ["an argument is required", (s) => tool(s).input.required.push("wait"), true, `${TOOL}.wait: is required now`],
  ["an argument is optional", (s) => (tool(s).input.required = []), false, `${TOOL}.name: is no longer always there`],
  ["a type changes", (s) => (props(s).wait.type = "string"), true, 'type was "integer", is "string"'],
  ["a default changes", (s) => (props(s).mode.default = "apply"), true, 'default was "plan", is "apply"'],
  ["a word goes", (s) => (props(s).mode.enum = ["plan"]), true, '"apply" is no longer one of its words'],
  ["a word comes", (s) => props(s).mode.enum.push("destroy"), false, '"destroy" is a new word'],
  ["less is accepted", (s) => (props(s).name.maxLength = 50), true, "maxLength was 100, is 50"],
  ["more is accepted", (s) => (props(s).name.maxLength = 200), false, "maxLength was 100, is 200"],
  ["a bound comes, inside of a list", (s) => (props(s).nodes.items.maxLength = 9), true, "nodes[items]: maxLength was not said, is 9"],
  ["a pattern goes", (s) => delete props(s).name.pattern, false, 'pattern was "^a", is not said'],
  ["an answer's field goes", (s) => delete tool(s).output.properties.id, true, `${TOOL} answer.id: is gone`],
  ["an answer's field comes", (s) => (tool(s).output.properties.more = {}), false, `${TOOL} answer.more: is new`],
  ["an answer's field may be missing", (s) => (tool(s).output.required = []), true, `${TOOL} answer.id: is no longer always there`],
  ["an answer's word comes", (s) => tool(s).output.properties.status.enum.push("lost"), false, '"lost" is a new word'],
  ["a resource goes", (s) => (s.servers.one.resources = []), true, "server one resource one://a: is gone"],
  ["a prompt goes", (s) => (s.servers.one.prompts = []), true, "server one prompt ask: is gone"],
  ["an option goes", (s) => (s.servers.one.commands.approve = {}), true, "server one command approve option key: is gone"],
  [
    "an open run's update is renamed",
    (s) => (s.servers.one.runs = ["update decide: decided"]),
    true,
    "server one run update decide: decide: is gone",
  ],
  ["a bin is renamed", (s) => (s.servers.one.bin = "two"), true, "server one: bin was one, is two"],
  ["an export goes", (s) => delete s.libraries["@x/kit"]["."].serve, true, "library @x/kit subpath . export serve: is gone"],
  ["an export comes", (s) => (s.libraries["@x/kit"]["."].more = "type"), false, "library @x/kit subpath . export more: is new"],
  ["a value is only a type", (s) => (s.libraries["@x/kit"]["."].serve = "type"), true, "export serve: kind was value, is type"],
  ["a library comes", (s) => (s.libraries["@x/more"] = {}), false, "library @x/more: is new"],
  ["a subpath goes", (s) => delete s.libraries["@x/kit"]["./http"], true, "library @x/kit subpath ./http: is gone"],
  ["a newer Node is wanted", (s) => (s.servers.one.node = ">=22"), true, "Node was >=20, is >=22"],
  ["a variable goes", (s) => (s.settings["logging.level"].env = []), true, "setting logging.level variable LOG_LEVEL: is gone"],
  ["a setting's default changes", (s) => (s.settings["logging.level"].default = "warn"), true, "default was info, is warn"],
  ["a key of the file goes", (s) => delete s.files.configuration.properties.temporal, true, "file configuration.temporal: is gone"],
  ["a variant of the file goes", (s) => (s.files.configuration.anyOf = []), true, "1 of anyOf are gone or changed"],
  ["an error goes", (s) => delete s.errors.not_found, true, "error not_found: is gone"],
  ["an exit code changes", (s) => (s.errors.not_found.exit = 2), true, "exit code was 1, is 2"],
];

const tool = (draft: Draft): Draft => draft.servers.one.tools.look;
const props = (draft: Draft): Draft => tool(draft).input.properties;

test.for(CHANGES)("%s", ([, change, breaks, told]) => {
  const after = structuredClone(SURFACE) as Draft;
  change(after);
  const found = compareSurfaces(SURFACE, after as Surface);
  expect(found.map(({ path, what }) => `${path}: ${what}`)).toContainEqual(expect.stringContaining(told));
  expect(found.some((one) => one.breaks)).toBe(breaks);
});

test("a type that is a value now lets nobody down", () => {
  const after = structuredClone(SURFACE) as Draft;
  after.libraries["@x/kit"]["."].Server = "value";
  expect(compareSurfaces(SURFACE, after as Surface)).toEqual([]);
});

test("nothing changed, nothing told; words for readers do not count, properties of their names do", () => {
  expect(compareSurfaces(SURFACE, structuredClone(SURFACE))).toEqual([]);
  const said = {
    type: "object",
    description: "x",
    properties: { title: { type: "string", description: "y" }, description: { type: "string" } },
  };
  expect(bare(said)).toEqual({ type: "object", properties: { title: { type: "string" }, description: { type: "string" } } });
});
