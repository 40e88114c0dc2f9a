import { describe, expect, it } from "vitest";
import type { Definition } from "./index.ts";
import { closeOver, digestOfDefinitions, parseDefinition } from "./index.ts";

function workflow(id: string, ...calls: readonly string[]): Definition {
  const steps = calls.map((called, index) => `  - { id: s${index}, type: workflow, workflow: ${called} }\n`).join("");
  const { definition } = parseDefinition(
    `id: ${id}\nname: X\nversion: 1.0.0\nsteps:\n  - { id: z, type: set_state, updates: { done: true } }\n${steps}`,
  );
  if (definition === undefined) throw new Error(`${id} is no definition`);
  return definition;
}

const close = (root: string, ...all: readonly Definition[]) => {
  const byId = new Map(all.map((one) => [one.id, one]));
  return closeOver(byId.get(root) as Definition, (id) => byId.get(id));
};

describe("closures", () => {
  it("hold what is reached, once, and nothing else", () => {
    const closure = close("a", workflow("a", "b", "c"), workflow("b", "d"), workflow("c", "d"), workflow("d"), workflow("e"));
    expect(closure.root).toBe("a");
    expect(Object.keys(closure.definitions).toSorted()).toEqual(["a", "b", "c", "d"]);
    expect(closure.digest).toMatch(/^[0-9a-f]{64}$/u);
  });

  it("reach five levels and no more", () => {
    const chain = (count: number) =>
      Array.from({ length: count }, (_, index) => (index === count - 1 ? workflow(`w${index}`) : workflow(`w${index}`, `w${index + 1}`)));
    expect(Object.keys(close("w0", ...chain(5)).definitions)).toHaveLength(5);
    expect(() => close("w0", ...chain(6))).toThrow("over 5 levels");
    // The deep part was already seen on a shorter way.
    expect(() => close("r", workflow("r", "w1", "w0"), ...chain(5))).toThrow("over 5 levels");
  });

  it("refuse circles and what does not exist, naming the way", () => {
    expect(() => close("a", workflow("a", "b"), workflow("b", "c"), workflow("c", "b"))).toThrow(
      "CIRCULAR_DEPENDENCY: workflows call each other in a circle: a → b → c → b.",
    );
    expect(() => close("a", workflow("a", "b"), workflow("b", "a"))).toThrow("a → b → a");
    expect(() => close("a", workflow("a", "b"), workflow("b", "gone"))).toThrow("`gone` does not exist; a → b calls it");
  });
});

describe("digests", () => {
  it("change with what is done, not with comments, empty lines or the order of keys", () => {
    const text = "id: a\nname: X\nversion: 1.0.0\nsteps:\n  - { id: z, type: set_state, updates: { line: 1, b: 2 } }\n";
    const digest = (changed: string): string => digestOfDefinitions({ a: parseDefinition(changed).definition as Definition });
    expect(digest(`# hello\n\n${text}`)).toBe(digest(text));
    expect(digest(text.replace("id: z, type: set_state", "type: set_state, id: z"))).toBe(digest(text));
    expect(digest(text.replace("line: 1", "line: 2"))).not.toBe(digest(text));
    expect(digest(text.replace("id: z", "id: y"))).not.toBe(digest(text));
  });
});
