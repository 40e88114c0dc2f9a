import type { Closure, Step } from "@platform-ops/meta-workflow-registry/definition";
import { expect, test } from "vitest";
import type { MetaWorkflowsDeps } from "../deps.ts";
import { captureEnvironment, needOf } from "./run-environment.ts";

const closureOf = (...steps: object[]): Closure => {
  const whole = steps.map((step, at) => ({ id: `s${at}`, on_error: { then: "fail" }, ...step }) as unknown as Step);
  return { root: "r", digest: "d", definitions: { r: { steps: whole, finally: [], tasks: {} } } } as unknown as Closure;
};
const prompt = { id: "p", type: "prompt", accept: [] };
const probe = (kind: string) => ({ probe: { kind } });

test.each([
  ["work of agents alone", "none", [prompt]],
  ["a shell step that an agent carries out", "none", [{ type: "shell", runs_on: "agent" }]],
  ["a shell step of the server", "programs", [{ type: "shell", runs_on: "server" }]],
  ["a tool that the server calls", "servers", [{ type: "mcp_call", runs_on: "server" }]],
  ["a check by a program", "programs", [{ type: "check", ...probe("program") }]],
  ["a check by anything else", "servers", [{ type: "check", ...probe("http") }]],
  ["a wait until a probe says yes", "servers", [{ type: "wait", until: probe("tool") }]],
  ["a wait for time", "none", [{ type: "wait" }]],
  ["what the server looks at before it accepts", "programs", [{ ...prompt, accept: [probe("program"), {}] }]],
  ["a look after a crash", "programs", [{ ...prompt, reconcile: probe("program") }]],
  ["undoing by an agent", "none", [{ ...prompt, compensate: { prompt: "undo" } }]],
  ["undoing by a program", "programs", [{ ...prompt, compensate: { program: "undo" } }]],
  ["undoing by a tool", "servers", [{ ...prompt, compensate: { tool: "undo" } }]],
  [
    "servers before programs",
    "servers",
    [
      { type: "shell", runs_on: "server" },
      { type: "mcp_call", runs_on: "server" },
    ],
  ],
])("%s: %s", (_, need, steps) => {
  expect(needOf(closureOf(...steps))).toBe(need);
});

function depsWith(env: Record<string, string>, fail: () => boolean = () => false) {
  const kept: unknown[] = [];
  const artifacts = {
    putJson: async (value: unknown) => {
      if (fail()) throw new Error("disk full");
      return `artifact-${kept.push(value)}`;
    },
  };
  const settings = { meta_workflows: { variables: ["AWS_*"], secrets: { token: { env: "MY_TOKEN" }, key: { file: "/k" } } } };
  return { kept, deps: { config: { env, settings }, ledger: async () => ({ artifacts }) } as unknown as MetaWorkflowsDeps };
}
const ENV = { PATH: "/bin", HOME: "/h", AWS_REGION: "eu", MY_TOKEN: "t", NPM_TOKEN: "other" };
const PROGRAMS = closureOf({ type: "shell", runs_on: "server" });
const SERVERS = closureOf({ type: "mcp_call", runs_on: "server" });

test("programs are given what the operator names and no more; nothing is kept for a run without calls", async () => {
  const { kept, deps } = depsWith(ENV);
  expect(await captureEnvironment(deps, closureOf(prompt))).toBeUndefined();
  expect(kept).toEqual([]);
  await captureEnvironment(deps, PROGRAMS);
  expect(kept).toEqual([{ variables: { PATH: "/bin", HOME: "/h", AWS_REGION: "eu", MY_TOKEN: "t" } }]);
});

test("each environment is written once, however many runs begin at once; one that could not be kept is tried again", async () => {
  let isFull = true;
  const { kept, deps } = depsWith(ENV, () => isFull);
  await expect(captureEnvironment(deps, PROGRAMS)).rejects.toThrow("disk full");
  isFull = false;
  expect(await Promise.all([1, 2, 3].map(() => captureEnvironment(deps, PROGRAMS)))).toEqual(["artifact-1", "artifact-1", "artifact-1"]);
  expect(await captureEnvironment(deps, SERVERS)).toBe("artifact-2");
  expect(kept[1]).toMatchObject({ variables: { NPM_TOKEN: "other" } });
});
