import { expect, test } from "vitest";
import { fixture } from "./fixture/definition.ts";
import { serverContract } from "./testing.ts";

test.each(serverContract(() => fixture().definition))("$name", async ({ check }) => {
  await expect(check()).resolves.toBeUndefined();
});
