import { test } from "vitest";
import { fixture } from "./fixture/definition.ts";
import { serverContract } from "./testing.ts";

for (const { name, check } of serverContract(() => fixture().definition)) test(name, check);
