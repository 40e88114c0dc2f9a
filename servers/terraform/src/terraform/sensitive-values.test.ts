import { expect, test } from "vitest";
import { sensitiveValuesOfState } from "./sensitive-values.ts";

test("the values that a state marks as sensitive, of resources, their modules and outputs", () => {
  // As `show -json` of terraform 1.11.4 and OpenTofu 1.11.0 has it.
  const state = {
    format_version: "1.0",
    values: {
      outputs: {
        shown: { sensitive: false, value: "an open word" },
        hidden: { sensitive: true, value: { pin: 12345, word: "hush-hush" } },
      },
      root_module: {
        resources: [
          {
            address: "acme_secret.s",
            values: { id: "secret", length: 8, value: "made-by-the-apply" },
            sensitive_values: { value: true },
            tainted: true,
          },
        ],
        child_modules: [
          {
            address: "module.m",
            resources: [
              {
                address: "module.m.acme_key.k",
                values: { name: "k", blocks: [{ pem: "BEGIN…" }] },
                sensitive_values: { blocks: [{ pem: true }] },
              },
            ],
          },
        ],
      },
    },
  };
  expect(sensitiveValuesOfState(state)).toEqual(["12345", "hush-hush", "made-by-the-apply", "BEGIN…"]);
  expect(sensitiveValuesOfState({ format_version: "1.0" })).toEqual([]);
});
