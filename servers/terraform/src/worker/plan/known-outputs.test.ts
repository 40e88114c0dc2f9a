import { expect, test } from "vitest";
import type { OutputChange } from "../../terraform/plan-summary.ts";
import type { WorkspaceOutputs } from "../../terraform/variables.ts";
import { settledOutputs } from "./known-outputs.ts";

const still = (name: string, after: string): OutputChange => ({ name, action: "no-op", sensitive: false, unknown: false, after });
const secret: OutputChange = { name: "token", action: "no-op", sensitive: true, unknown: false };
const moving: OutputChange = { name: "size", action: "update", sensitive: false, unknown: true };
const STATE: WorkspaceOutputs = {
  id: { sensitive: false, json: '"i"' },
  token: { sensitive: true, json: '"t"' },
  size: { sensitive: false, json: "1" },
};

test("what the plan tells is taken from it; the program is not asked", async () => {
  const never = () => Promise.reject(new Error("asked"));
  expect(await settledOutputs([still("id", '"i"'), moving], new Set(["id", "size"]), never)).toEqual({
    outputs: { id: { sensitive: false, json: '"i"' } },
    pending: ["size"],
  });
  expect(await settledOutputs([moving, secret], new Set(), never)).toEqual({ outputs: {}, pending: [] });
});

test("a sensitive one comes from the state, and never one that would change", async () => {
  const { outputs, pending } = await settledOutputs([still("id", '"i"'), secret, moving], new Set(["token", "size"]), async () => STATE);
  expect(outputs).toEqual({ id: STATE["id"], token: STATE["token"] });
  expect(pending).toEqual(["size"]);
});

test("one that the plan does not speak of is looked up in the state, and is not waited for", async () => {
  expect(await settledOutputs([], new Set(["id", "nowhere"]), async () => STATE)).toMatchObject({
    outputs: { id: STATE["id"] },
    pending: [],
  });
});

test("one that a resource's replacement leaves unknown is waited for, even where its action says no change", async () => {
  const unknown: OutputChange = { ...still("id", '"i"'), unknown: true };
  expect(await settledOutputs([unknown], new Set(["id"]), async () => STATE)).toEqual({ outputs: {}, pending: ["id"] });
});
