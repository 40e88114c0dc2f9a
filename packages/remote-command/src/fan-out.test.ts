import { describe, expect, test } from "vitest";
import { oneVerdict, runOnMany } from "./fan-out.ts";
import type { FanOutOptions, Verdict } from "./remote.ts";
import type { RunResult } from "./result.ts";
import type { Target } from "./target.ts";

const verdict = (name: string, more: Partial<Verdict> = {}): Verdict => ({
  verdict: "run",
  environment: "default",
  because: `because ${name}`,
  subject: { what: `command:${name}`, digest: name },
  shown: name,
  ...more,
});
const ask = (name: string, environment = "default"): Verdict => verdict(name, { verdict: "ask", environment });

describe("oneVerdict", () => {
  test("takes the strictest word with its reason, and binds every machine, in whatever order they were named", () => {
    const all = oneVerdict([verdict("a"), ask("b"), verdict("c")]);
    expect(all).toMatchObject({ verdict: "ask", because: "because b", shown: "a\n\nb\n\nc" });
    expect(oneVerdict([verdict("c"), verdict("a"), ask("b")]).subject.digest).toBe(all.subject.digest);
    expect(oneVerdict([verdict("a"), verdict("b", { verdict: "refuse" }), ask("c")])).toMatchObject({
      verdict: "refuse",
      because: "because b",
    });
    for (const others of [[verdict("a"), ask("b")], [verdict("a"), ask("b"), verdict("d")], [ask("b")]])
      expect(oneVerdict(others).subject.digest).not.toBe(all.subject.digest);
  });

  test("one machine has its own verdict, so that its consent is the one of a single run", () => {
    expect(oneVerdict([ask("a")])).toEqual(ask("a"));
  });

  test("a person is not asked for several environments at once, and no machine is named twice or not at all", () => {
    expect(() => oneVerdict([ask("a", "prod"), ask("b", "test")])).toThrow(
      expect.objectContaining({ code: "not_allowed", message: expect.stringContaining("prod, test") }),
    );
    expect(oneVerdict([ask("a", "prod"), verdict("b", { environment: "test" })]).environment).toBe("prod");
    expect(() => oneVerdict([])).toThrow(expect.objectContaining({ code: "invalid_input" }));
    expect(() => oneVerdict([verdict("a"), verdict("a")])).toThrow(expect.objectContaining({ code: "invalid_input" }));
  });
});

describe("runOnMany", () => {
  const targets: Target[] = Array.from({ length: 12 }, (_, index) => ({ cluster: "lab", node: `node-${index}`, user: "me" }));
  const nothing = { text: "", bytes: 0, truncated: false };
  const ended = (target: Target, exit_code: number): RunResult => ({
    target,
    state: "completed",
    remote: "ended",
    exit_code,
    stdout: nothing,
    stderr: nothing,
    duration_ms: 1,
  });
  const options: FanOutOptions = { effect: "read", timeoutMs: 1_000, capture: { for: "model", maxBytes: 100 }, concurrency: 4 };
  const states = (results: readonly RunResult[]): string => results.map(({ state }) => (state === "completed" ? "x" : "-")).join("");

  test("so many at once and no more; results in the order of the targets", async () => {
    let running = 0;
    let most = 0;
    const { results, stopped } = await runOnMany(targets, options, async (target) => {
      most = Math.max(most, (running += 1));
      await new Promise((resolve) => setTimeout(resolve, 12 - Number(target.node.slice(5))));
      running -= 1;
      return ended(target, 0);
    });
    expect({ most, stopped, order: results.map(({ target }) => target) }).toEqual({ most: 4, stopped: false, order: targets });
  });

  test("begins nothing more at the rate of failures, once enough have ended; what runs is let go to its end", async () => {
    const fails = (rate: number, isBad: (index: number) => boolean) =>
      runOnMany(targets, { ...options, concurrency: 1, stopAtFailureRate: rate }, async (target) =>
        ended(target, isBad(targets.indexOf(target)) ? 1 : 0),
      );
    expect(states((await fails(0.5, () => true)).results)).toBe("xxxx--------");
    expect(states((await fails(0.5, (index) => index % 2 === 1)).results)).toBe("xxxx--------");
    expect(states((await fails(0.5, (index) => index % 3 === 2)).results)).toBe("xxxxxxxxxxxx");
    expect(states((await fails(0, (index) => index === 6)).results)).toBe("xxxxxxx-----");
    const last = (await fails(0.5, () => true)).results.at(-1);
    expect(last).toMatchObject({ state: "not_started", failure: { code: "cancelled", message: expect.stringContaining("4 of 4") } });
  });

  test("begins nothing more after a cancel", async () => {
    const controller = new AbortController();
    const { results, stopped } = await runOnMany(targets, { ...options, concurrency: 2, signal: controller.signal }, async (target) => {
      controller.abort();
      return ended(target, 0);
    });
    expect({ stopped, states: states(results) }).toEqual({ stopped: true, states: "x-----------" });
  });
});
