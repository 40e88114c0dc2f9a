import { OpsError } from "@platform-ops/errors";
import { expect, test } from "vitest";
import { refuse } from "./failure.ts";

const CALL = { id: "call_1", tool: "list_things" };
const PROBLEMS = [
  { path: "things[0].name", line: 2, message: "a name is needed" },
  { path: "things[1].nmae", line: 3, message: "unknown key", suggestion: "name" },
];
const failureWith = (message: string, details: object): { text: string; error: any } => {
  const { text, data } = refuse(new OpsError("invalid_config", message, { details: { ...details } }), CALL).result;
  return { text, error: data["error"] };
};

test("problems that a message lists stand once in each half", () => {
  const { text, error } = failureWith("2 problems\n- a name is needed [line 2]\n- unknown key [line 3]", { problems: PROBLEMS });
  expect(text.match(/a name is needed|unknown key/g)).toHaveLength(2);
  expect(error).toMatchObject({ message: "2 problems", details: { problems: PROBLEMS } });
});

test("those that it does not list are told below it", () => {
  const { text, error } = failureWith("2 problems.", { problems: PROBLEMS });
  expect(text).toMatch(/2 problems\.\n- things\[0\]\.name, line 2: a name is needed\n- .*unknown key; did you mean name\?\n/);
  expect(error.message).toBe("2 problems.");
});

test("a message without problems of their own is given whole", () => {
  const message = "It ended:\n- first\n- second";
  expect(failureWith(message, { holder: "run-7" }).error).toMatchObject({ message, details: { holder: "run-7" } });
});
