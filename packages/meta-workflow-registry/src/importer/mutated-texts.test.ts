import * as fc from "fast-check";
import { expect, it } from "vitest";
import { closeOver } from "../definition/closure.ts";
import { diagram, renderPage } from "../page/index.ts";
import { dryRunText, planDefinition } from "../plan/index.ts";
import { PROSE_WORKFLOWS } from "./fixture/prose-workflows.ts";
import { SERVER_WORKFLOWS } from "./fixture/server-workflows.ts";
import { importDefinition, importRunbook } from "./index.ts";

const TEXTS = [...Object.values(SERVER_WORKFLOWS), ...Object.values(PROSE_WORKFLOWS)];
const JUNK = "{{ }} {% %} ' \" | null [] {} - : 1e999 ${{ ( ) __proto__ constructor &a *a !x".split(" ");

const change = fc.record({
  at: fc.double({ min: 0, max: 1, noNaN: true }),
  removed: fc.nat(12),
  put: fc.constantFrom(...JUNK, "\n", "  "),
});

it("a text that was damaged anywhere gives a definition or words, and what loads can be drawn, read and planned", () => {
  let loaded = 0;
  fc.assert(
    fc.property(fc.constantFrom(...TEXTS), fc.array(change, { minLength: 1, maxLength: 2 }), (text, changes) => {
      const damaged = changes.reduce((before, { at, removed, put }) => {
        const place = Math.floor(at * before.length);
        return before.slice(0, place) + put + before.slice(place + removed);
      }, text);
      const { definition, problems } = importDefinition(damaged, { environment: {} });
      expect(definition !== undefined || problems.some(({ severity }) => severity === "error")).toBe(true);
      importRunbook(damaged);
      if (definition === undefined || [...damaged.matchAll(/task: planning/g)].length > 0) return;
      loaded += 1;
      diagram(definition);
      renderPage(definition);
      dryRunText(
        planDefinition(
          closeOver(definition, () => undefined),
          {},
        ),
      );
    }),
    { numRuns: 60, seed: 7 },
  );
  expect(loaded).toBeGreaterThan(0);
});
