import { describe, expect, test } from "vitest";
import type { Json } from "./lossless-json.ts";
import { ephemeralValues, writeOnlyValues } from "./write-only-values.ts";

const resource = (expressions: Json, address = "acme_db.it"): Json => ({ address, expressions });
const change = (after: Json, address = "acme_db.it"): Json => ({ address, change: { actions: ["create"], before: null, after } });

// As `show -json` of terraform 1.11.4 and OpenTofu 1.11.0 has them.
describe("what is given to write-only arguments", () => {
  test("is known by the name of the argument, in blocks too, as a literal and as a root variable", () => {
    const plan = {
      variables: { pin: { value: "of-a-variable" } },
      configuration: {
        root_module: {
          resources: [
            resource({
              name: { constant_value: "an open word" },
              password_wo: { constant_value: "a-literal" },
              token_wo: { references: ["var.pin"] },
              user: [{ key_wo: { constant_value: "in-a-block" }, login: { constant_value: "open too" } }],
            }),
          ],
        },
      },
    };
    expect(writeOnlyValues(plan)).toEqual(["a-literal", "of-a-variable", "in-a-block"]);
  });

  test("is known by the plan, which has null where a literal is given, for each instance in its module", () => {
    const address = 'module.m["a.b[0]"].acme_db.it[0]';
    const plan = {
      resource_changes: [
        change({ secret: null, size: "large", other: null }, address),
        change({ secret: null, size: "large", other: null }, "module.m[1].acme_db.it[1]"),
      ],
      configuration: {
        root_module: {
          module_calls: {
            m: {
              module: {
                resources: [
                  resource({
                    secret: { constant_value: "a-literal" },
                    size: { constant_value: "large" },
                    other: { references: ["var.maybe"] },
                  }),
                ],
              },
            },
          },
        },
      },
    };
    expect(writeOnlyValues(plan)).toEqual(["a-literal"]);
  });

  test("is nothing where nothing was planned, where a value is not known yet, and where it is deleted", () => {
    const configuration = { root_module: { resources: [resource({ size: { constant_value: "large" } })] } };
    expect(writeOnlyValues({ configuration })).toEqual([]);
    expect(writeOnlyValues({ configuration, resource_changes: [change({})] })).toEqual([]);
    expect(writeOnlyValues({ configuration, resource_changes: [change(null)] })).toEqual([]);
    expect(writeOnlyValues({})).toEqual([]);
  });
});

test("variables that a plan does not hold are ephemeral: what was given, else their default", () => {
  const variables = { kept: { default: "kept-word" }, one: { default: "default-1" }, two: { default: "default-2" }, three: {} };
  const plan = { variables: { kept: { value: "kept-word" } }, configuration: { root_module: { variables } } };
  expect(ephemeralValues(plan, { two: '{"a":["given-2"]}', kept: '"kept-word"' })).toEqual(["default-1", "given-2"]);
  expect(ephemeralValues({})).toEqual([]);
});
