import { expect, it } from "vitest";
import { resultDigest } from "./result-digest.ts";

it("a value and the text of its JSON have one digest; other outcomes, values and scalars have others", () => {
  const digest = resultDigest("completed", { a: [1, 2], b: "x" });
  expect(resultDigest("completed", '\n{"b" : "x", "a":[1,2]} ')).toBe(digest);
  expect(resultDigest("failed", { a: [1, 2], b: "x" })).not.toBe(digest);
  expect(resultDigest("completed", '{"a":[2,1],"b":"x"}')).not.toBe(digest);
  expect(resultDigest("completed", "7")).not.toBe(resultDigest("completed", 7));
  expect(resultDigest("completed", '"x"')).not.toBe(resultDigest("completed", "x"));
});

it("a text that is no JSON, or too deep to be one of ours, is compared as a text", () => {
  for (const text of [
    "{",
    "[1,",
    "[1e999]",
    `${"[".repeat(100_000)}${"]".repeat(100_000)}`,
    `${'{"a":'.repeat(5_000)}1${"}".repeat(5_000)}`,
  ]) {
    expect(resultDigest("completed", text)).toBe(resultDigest("completed", `${text}`));
    expect(resultDigest("completed", text)).not.toBe(resultDigest("completed", ` ${text}`));
  }
});
