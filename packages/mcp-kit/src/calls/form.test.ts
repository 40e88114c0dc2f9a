import { expect, test } from "vitest";
import { formProblems } from "./form.ts";
import type { FormSchema } from "../tool.ts";

const form: FormSchema = {
  type: "object",
  properties: {
    confirm: { type: "boolean" },
    name: { type: "string", minLength: 2, maxLength: 5 },
    size: { type: "string", enum: ["s", "l"] },
    count: { type: "integer", minimum: 1, maximum: 9 },
  },
  required: ["confirm"],
};

test("an answer that fits has no problem", () => {
  expect(formProblems(form, { confirm: true, name: "abc", size: "s", count: 3 })).toEqual([]);
});

test.each<[Record<string, unknown> | undefined, string]>([
  [undefined, "confirm is missing"],
  [{}, "confirm is missing"],
  [{ confirm: "true" }, "confirm must be true or false"],
  [{ confirm: 1 }, "confirm must be true or false"],
  [{ confirm: true, other: 1 }, 'unknown field "other"'],
  [JSON.parse('{"confirm":true,"__proto__":{}}'), 'unknown field "__proto__"'],
  [{ confirm: true, name: 7 }, "name must be a string"],
  [{ confirm: true, name: "a" }, "name is too short or too long"],
  [{ confirm: true, size: "m" }, "size must be one of s, l"],
  [{ confirm: true, count: 1.5 }, "count must be an integer"],
  [{ confirm: true, count: 10 }, "count is out of bounds"],
  [{ confirm: true, count: Number.NaN }, "count must be an integer"],
])("%j: %s", (content, problem) => {
  expect(formProblems(form, content)).toEqual([problem]);
});
