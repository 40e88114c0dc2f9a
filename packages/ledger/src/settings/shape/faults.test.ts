import { describe, expect, test } from "vitest";
import { globs, path, webAddress } from "./atoms.ts";
import { faultsOf } from "./faults.ts";
import { jsonSchemaOf } from "./json-schema.ts";
import { choice, either, list, map, number, optional, pattern, table, tableOfSome, text, truth, whole, type TypeOf } from "./shape.ts";

const machine = map({ name: pattern(/^[a-z]+$/, "must be letters"), port: optional(whole(1, 9)), tags: optional(table(text(), truth())) });
const machines = either(list(text({ min: 1 }), { min: 1, max: 2 }), tableOfSome(pattern(/^[a-z]+$/, "must be letters"), machine));

const told = (shape: Parameters<typeof faultsOf>[0], value: unknown): string[] =>
  faultsOf(shape, value).map(
    ({ path: at, message, strange }) =>
      `${at.join(".")}: ${strange === undefined ? message : `not ${strange.keys.join()}, but ${strange.accepted.join()}`}`,
  );

describe("a value of its shape", () => {
  test.each<[string, Parameters<typeof faultsOf>[0], unknown]>([
    ["a text", text({ min: 1 }), "x"],
    ["a list", list(number(0, 1)), [0, 0.5, 1]],
    ["a map without what may be missing", machine, { name: "a" }],
    ["a map in which that is undefined", machine, { name: "a", port: undefined }],
    ["one form", machines, ["a"]],
    ["the other form", machines, { a: { name: "a", tags: { x: true } }, b: null }],
    ["an address", webAddress(100), "http://localhost:1/x"],
    ["globs", globs, ["a/**", "{b,c}"]],
  ])("%s has no faults", (_, shape, value) => expect(faultsOf(shape, value)).toEqual([]));
});

describe("faults", () => {
  test.each<[Parameters<typeof faultsOf>[0], unknown, string[]]>([
    [text(), 1, [": must be text; it is a number"]],
    [text(), null, [": must be text; it is empty"]],
    [text({ min: 1 }), "", [": must not be empty"]],
    [text({ min: 3, max: 4 }), "ab", [": must have at least 3 characters"]],
    [text({ max: 4 }), "abcde", [": must have at most 4 characters"]],
    [path, "a\0b", [": must not hold a NUL character"]],
    [truth(), "yes", [": must be true or false; it is text"]],
    [choice(["a", "b", "c"]), "d", [": must be a, b or c"]],
    [choice(["a"]), 1, [": must be a"]],
    [whole(1, 9), 1.5, [": must be a whole number from 1 to 9"]],
    [whole(0, Number.MAX_VALUE), 2 ** 60, [`: must be a whole number from 0 to ${Number.MAX_VALUE}`]],
    [number(0, 1), 2, [": must be a number from 0 to 1"]],
    [number(0, 1), Number.NaN, [": must be a number; it is not finite"]],
    [list(text()), { 0: "a", length: 1 }, [": must be a list; it is a map"]],
    [list(text(), { max: 1 }), ["a", "b"], [": must have at most 1 entries"]],
    [globs, ["a", "[b]", 3], ['1: The glob "[b]" has a character class; write {a,b} instead', "2: must be text; it is a number"]],
    [machine, {}, ["name: must be text; it is missing"]],
    [machine, [], [": must be a map; it is a list"]],
    [
      machine,
      { name: "A", prt: 1, port: 0 },
      ["name: must be letters", "port: must be a whole number from 1 to 9", ": not prt, but name,port,tags"],
    ],
    [machine, { name: "a", tags: { x: 1 } }, ["tags.x: must be true or false; it is a number"]],
    [machines, 7, [": has neither of the accepted forms"]],
    [machines, [], [": must not be empty"]],
    [machines, ["a", 1], ["1: must be text; it is a number"]],
    [machines, { A: null, b: 1 }, ["A: as a key must be letters", "b: must be a map; it is a number"]],
    [webAddress(100), "ftp://x", [": must be an http or https address"]],
    [webAddress(100), "no address", [": must be an http or https address"]],
  ])("%# are all told, each with its place", (shape, value, expected) => expect(told(shape, value)).toEqual(expected));

  test("are told of names that objects have by themselves", () => {
    expect(told(machine, JSON.parse('{"name":"a","__proto__":1,"constructor":2}'))).toEqual([
      ": not __proto__,constructor, but name,port,tags",
    ]);
    // What a map inherits is not its own.
    expect(told(map({ constructor: text(), toString: optional(text()) }), {})).toEqual(["constructor: must be text; it is missing"]);
  });

  test("of checks of a whole list or table come once its entries are right", () => {
    const few = table(text(), truth(), (all) => (Object.keys(all).length > 1 ? "must be one" : undefined));
    expect(told(few, { a: true, b: 1 })).toEqual(["b: must be true or false; it is a number"]);
    expect(told(few, { a: true, b: false })).toEqual([": must be one"]);
  });
});

test("a shape tells its type, and its JSON Schema", () => {
  const one: TypeOf<typeof machine> = { name: "a", port: 1 };
  // @ts-expect-error: what must be there is not optional in the type either
  const other: TypeOf<typeof machine> = { port: 1 };
  expect([faultsOf(machine, one), faultsOf(machine, other).length]).toEqual([[], 1]);
  expect(jsonSchemaOf(optional(machines, "Machines."))).toEqual({
    description: "Machines.",
    anyOf: [
      { type: "array", minItems: 1, maxItems: 2, items: { type: "string", minLength: 1 } },
      {
        type: "object",
        propertyNames: { type: "string", pattern: "^[a-z]+$" },
        additionalProperties: {
          anyOf: [
            {
              type: "object",
              properties: {
                name: { type: "string", pattern: "^[a-z]+$" },
                port: { type: "integer", minimum: 1, maximum: 9 },
                tags: { type: "object", propertyNames: { type: "string" }, additionalProperties: { type: "boolean" } },
              },
              required: ["name"],
              additionalProperties: false,
            },
            { type: "null" },
          ],
        },
      },
    ],
  });
});
