import { describe, expect, it } from "vitest";
import { closure, dependenciesOf, dependentsOf, depths, findCycles, readySet, topologicalOrder, type Dependent } from "./graph.ts";

/** A small generator of repeatable random numbers (mulberry32), so that a failure names its seed. */
function random(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}

/** A random acyclic graph of up to 30 workspaces, written in a random order. */
function randomDag(seed: number): Dependent[] {
  const next = random(seed);
  const count = 1 + Math.floor(next() * 30);
  const density = next() * 0.5;
  const dag = Array.from({ length: count }, (_, i) => ({
    name: `w${i}`,
    dependsOn: Array.from({ length: i }, (_unused, j) => `w${j}`).filter(() => next() < density),
  }));
  return dag
    .map((workspace) => ({ workspace, key: next() }))
    .sort((a, b) => a.key - b.key)
    .map(({ workspace }) => workspace);
}

const SEEDS = Array.from({ length: 300 }, (_, seed) => seed);
const names = (workspaces: readonly Dependent[]) => workspaces.map(({ name }) => name);

describe("over many random graphs", () => {
  it("order: each once, after all it depends on, and always the same", () => {
    for (const seed of SEEDS) {
      const workspaces = randomDag(seed);
      const order = names(topologicalOrder(workspaces));
      expect([...order].sort(), `seed ${seed}`).toEqual(names(workspaces).sort());
      for (const { name, dependsOn } of workspaces)
        for (const dependency of dependsOn) expect(order.indexOf(dependency), `seed ${seed}`).toBeLessThan(order.indexOf(name));
      expect(names(topologicalOrder(randomDag(seed)))).toEqual(order);
    }
  });

  it("depth: one more than the deepest dependency, 0 without any", () => {
    for (const seed of SEEDS) {
      const workspaces = randomDag(seed);
      const deep = depths({ workspaces });
      for (const { name, dependsOn } of workspaces)
        expect(deep.get(name), `seed ${seed}`).toBe(
          dependsOn.length === 0 ? 0 : 1 + Math.max(...dependsOn.map((dependency) => deep.get(dependency)!)),
        );
    }
  });

  it("closure is closed, and dependencies and dependents mirror each other", () => {
    for (const seed of SEEDS) {
      const workspaces = randomDag(seed);
      const config = { workspaces };
      for (const { name } of workspaces) {
        const all = closure(config, [name]);
        for (const member of all)
          for (const dependency of workspaces.find((w) => w.name === member)!.dependsOn)
            expect(all.has(dependency), `seed ${seed}`).toBe(true);
        for (const dependency of dependenciesOf(config, [name]))
          expect(dependentsOf(config, [dependency]).has(name), `seed ${seed}`).toBe(true);
        expect(dependenciesOf(config, [name]).has(name)).toBe(false);
      }
    }
  });

  it("a run by ready sets starts everything selected once, never early, and never stops short", () => {
    for (const seed of SEEDS) {
      const workspaces = randomDag(seed);
      const next = random(seed + 1);
      const selected = new Set(names(workspaces).filter(() => next() < 0.7));
      const [begun, finished] = [new Set<string>(), new Set<string>()];
      while (finished.size < selected.size) {
        for (const name of readySet({ workspaces }, { selected, begun, finished })) {
          for (const dependency of workspaces.find((w) => w.name === name)!.dependsOn)
            expect(!selected.has(dependency) || finished.has(dependency), `seed ${seed}`).toBe(true);
          expect(begun.has(name)).toBe(false);
          begun.add(name);
        }
        const running = [...begun].filter((name) => !finished.has(name));
        expect(running.length, `seed ${seed}: nothing runs and nothing is ready`).toBeGreaterThan(0);
        finished.add(running[Math.floor(next() * running.length)]!);
      }
    }
  });

  it("finds no cycle, and finds the whole one when an edge back is added", () => {
    for (const seed of SEEDS) {
      const workspaces = randomDag(seed);
      expect(findCycles(workspaces), `seed ${seed}`).toEqual([]);
      const from = workspaces.find(({ dependsOn }) => dependsOn.length > 0);
      if (from === undefined) continue;
      const target = from.dependsOn[0]!;
      const looped = workspaces.map(({ name, dependsOn }) => ({
        name,
        dependsOn: name === target ? [...dependsOn, from.name] : dependsOn,
      }));
      const cycles = findCycles(looped);
      expect(cycles.length, `seed ${seed}`).toBeGreaterThan(0);
      for (const cycle of cycles) {
        expect(cycle[0]).toBe(cycle.at(-1));
        for (let i = 0; i + 1 < cycle.length; i++)
          expect(looped.find((w) => w.name === cycle[i])!.dependsOn, `seed ${seed}`).toContain(cycle[i + 1]);
      }
    }
  });
});

describe("a long chain", () => {
  it("needs no deep stack", () => {
    const workspaces = Array.from({ length: 20_000 }, (_, i) => ({ name: `w${i}`, dependsOn: i === 0 ? [] : [`w${i - 1}`] }));
    expect(depths({ workspaces }).get("w19999")).toBe(19_999);
    expect(findCycles([{ name: "w0", dependsOn: ["w19999"] }, ...workspaces.slice(1)])[0]).toHaveLength(20_001);
  });
});

describe("000-064: the source's example", () => {
  const workspaces = [
    { name: "vpc-2", dependsOn: [] },
    { name: "vpc", dependsOn: [] },
    { name: "subnets", dependsOn: ["vpc"] },
    { name: "eks", dependsOn: ["vpc", "subnets"] },
  ];
  it("has these depths and ready sets", () => {
    expect([...depths({ workspaces })]).toEqual([
      ["vpc-2", 0],
      ["vpc", 0],
      ["subnets", 1],
      ["eks", 2],
    ]);
    const selected = new Set(names(workspaces));
    const ready = (...finished: string[]) => readySet({ workspaces }, { selected, begun: new Set(finished), finished: new Set(finished) });
    expect(ready()).toEqual(["vpc-2", "vpc"]);
    expect(ready("vpc")).toEqual(["vpc-2", "subnets"]);
    expect(readySet({ workspaces }, { selected: new Set(["eks"]), begun: new Set(), finished: new Set() })).toEqual(["eks"]);
  });
});
