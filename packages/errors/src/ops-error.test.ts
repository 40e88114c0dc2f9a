import { expect, it } from "vitest";
import { ERROR_CODES, fromPlain, hasCode, isOpsError, OpsError, toPlain } from "./index.ts";

it("says what its code says, unless it was told better", () => {
  const plain = new OpsError("setup_needed", "No Temporal.");
  expect(plain).toMatchObject({ message: "No Temporal.", hint: ERROR_CODES.setup_needed.cure, retryable: true, details: {} });
  expect("cause" in plain).toBe(false);
  const cause = new Error("why");
  const told = new OpsError("setup_needed", "No Temporal.", { hint: "Ask.", retryable: false, details: { id: "a" }, cause });
  expect(told).toMatchObject({ hint: "Ask.", retryable: false, details: { id: "a" }, cause });
});

it("is known by its brand, since two bundles in a process have a class each", () => {
  const other = { brand: new OpsError("not_found", "x").brand, code: "not_found" };
  for (const value of [new OpsError("not_found", "x"), other])
    expect([isOpsError(value), hasCode(value, "not_found"), hasCode(value, "read_only")]).toEqual([true, true, false]);
  for (const value of [new Error("not_found"), { code: "not_found" }, undefined, null, "not_found"])
    expect([isOpsError(value), hasCode(value, "not_found")]).toEqual([false, false]);
});

it("crosses a process as data, without cause and stack", () => {
  const error = new OpsError("lock_held", "Held by 7.", { hint: "Wait.", details: { pid: 7 }, cause: new Error("secret") });
  const data = JSON.parse(JSON.stringify(toPlain(error))) as ReturnType<typeof toPlain>;
  expect(data).toEqual({ code: "lock_held", message: "Held by 7.", hint: "Wait.", retryable: true, details: { pid: 7 } });
  const back = fromPlain(data);
  expect(isOpsError(back)).toBe(true);
  expect(toPlain(back)).toEqual(data);
  expect(fromPlain({ ...data, code: "of_a_later_version" as typeof data.code })).toMatchObject({
    code: "unexpected",
    message: "Held by 7.",
  });
});

it("every code has its meaning and its cure in whole sentences", () => {
  for (const [code, { meaning, cure }] of Object.entries(ERROR_CODES)) {
    expect(code).toMatch(/^[a-z]+(_[a-z]+)*$/);
    for (const text of [meaning, cure]) expect(text, code).toMatch(/^\S.*[.`]$/s);
  }
});
