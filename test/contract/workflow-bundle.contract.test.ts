import { AsyncLocalStorage } from "node:async_hooks";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { createContext, runInContext } from "node:vm";
import type * as expression from "@platform-ops/meta-workflow-registry/expression";
import { beforeAll, describe, expect, it } from "vitest";
import { REPOSITORY } from "../support/mcp-client.ts";

const BUNDLE = join(REPOSITORY, "servers/meta-workflows/dist/workflow-bundle.js");

let loaded: Loaded;
let scope: object;

/** Module name in the bundle → the module: what a worker loads before any run. */
type Loaded = Record<string, { exports: unknown }>;

function loadBeforeRuns(): Loaded {
  const loaded: Loaded = {};
  scope = createContext({ __webpack_module_cache__: loaded, AsyncLocalStorage, TextEncoder, TextDecoder, AbortController, URL });
  runInContext(`${readFileSync(BUNDLE, "utf8")}\n__TEMPORAL__.preloadModules();`, scope);
  for (const module of Object.values(loaded)) freeze(module, new WeakSet());
  return loaded;
}

/** As the SDK's worker freezes what runs share (`deepFreeze` of its reusable VM): not what functions carry, nor what is private. */
function freeze(value: unknown, seen: WeakSet<object>): void {
  if (value === null || (typeof value !== "object" && typeof value !== "function") || seen.has(value) || Object.isFrozen(value)) return;
  seen.add(value);
  try {
    if (typeof value === "object") for (const key of Reflect.ownKeys(value)) freeze((value as Record<PropertyKey, unknown>)[key], seen);
    Object.freeze(value);
  } catch {
    // Some cannot be frozen, such as bytes.
  }
}

beforeAll(() => void (loaded = loadBeforeRuns()));
const module = <T>(end: string): T => {
  const name = Object.keys(loaded).find((one) => one.endsWith(end));
  expect(name, end).toBeDefined();
  return loaded[name!]!.exports as T;
};

describe("what a worker loads once for all runs", () => {
  it("is everything that a run consists of", () => {
    const parts = ["worker/workflow.ts", "run/interpret.ts", "cel-js/lib/index.js", "ajv/dist/2020.js", "re2js/build/index.js"];
    for (const part of parts) expect(module(part)).toBeDefined();
  });

  it("works frozen: every function of expressions, with types that are known and with those that are not", () => {
    const { compileExpression, evaluate } = module<typeof expression>("expression/compile.ts");
    const { expressionFunctions } = module<typeof expression>("expression/environment.ts");
    const values: Record<string, string> = { string: "'a'", list: "[1, 2]", map: "{'a': 1}", int: "1", dyn: "1", bytes: "b'a'" };
    const sources = expressionFunctions().map(({ signature }) => {
      const [, name = "", parameters = ""] = /^(\w+)\((.*)\): /.exec(signature) ?? [];
      const given = parameters.split(", ").map((type) => values[type] ?? (type.endsWith("Timestamp") ? "now()" : "1"));
      return `${name}(${parameters === "" ? "" : given.join(", ")})`;
    });
    expect(sources).toContain("regex_match('a', 'a')");
    const more = [
      "1 + 1 == 2",
      "1.5 * 2 > 2",
      "[1, 2].map(x, x + 1)[1] == 3",
      "'a,b'.split(',')",
      "inputs.a.matches('^a')",
      "size(inputs.a)",
    ];
    for (const source of [...sources, ...sources.map((one) => one.replaceAll("'a'", "inputs.a")), ...more]) {
      const run = (): unknown => evaluate(compileExpression(source), { inputs: { a: "a" }, now: 0 });
      // Some want other values (JSON, base64): that is said in the expression's own words.
      try {
        run();
      } catch (error) {
        expect(String(error), source).not.toMatch(/extensible|read only|frozen|Cannot (add|assign|redefine|delete)/);
      }
    }
  });

  it("works frozen: schemas", () => {
    const { problemsOf } = module<{ problemsOf(schema: object, value: unknown): readonly string[] }>("definition/validate-value.ts");
    const schema = { type: "object", required: ["at"], properties: { at: { type: "string", pattern: "^a+$" } } };
    expect(problemsOf(schema, { at: "aa" })).toHaveLength(0);
    expect(problemsOf(schema, { at: "b" })).not.toHaveLength(0);
  });

  // `getActivator` of the SDK's vm-shared: a rejection that nobody handles is its run's, and ends no other.
  it("lets a promise tell its run, without a stack of it", () => {
    const ask = (code: string): unknown => runInContext(`Promise.resolve().constructor.constructor(${JSON.stringify(code)})()`, scope);
    runInContext("globalThis.__TEMPORAL_ACTIVATOR__ = { info: { runId: 'r1' } };", scope);
    expect(ask("return globalThis.__TEMPORAL_ACTIVATOR__")).toMatchObject({ info: { runId: "r1" } });
    const Bare = ask("return globalThis.Error") as new () => { stack?: string };
    expect(new Bare().stack).toBeUndefined();
  });
});
