import { join } from "node:path";
import type { Call } from "@platform-ops/mcp-kit";
import { describe, expect, test } from "vitest";
import type { MetaWorkflowsDeps } from "../deps.ts";
import type { LibraryEntry } from "../library/library.ts";
import { openLibrary } from "../library/open-library.ts";
import { get_meta_workflow, viewText } from "./get_meta_workflow.ts";

const library = openLibrary({ shipped: join(import.meta.dirname, "../../../../meta-workflows"), settings: { definitions_path: [] } });
const get = async (id: string, view: "summary" | "prose" | "definition" | "diagram" = "summary") => {
  const answer = await get_meta_workflow.run({ id, view }, { library } as unknown as MetaWorkflowsDeps, {} as Call);
  if (!("data" in answer)) throw new Error("it asked");
  return answer as { text: string; data: Record<string, any> };
};

describe("a runbook with a definition", () => {
  test("tells its inputs, its steps and how it is started", async () => {
    const { text, data } = await get("staged-deployment");
    expect(data).toMatchObject({
      has_definition: true,
      risk: "high",
      view: "summary",
      next: { arguments: { workflow_name: "staged-deployment" } },
    });
    expect(data).not.toHaveProperty("text");
    expect(text).toMatch(/^Input service \(required\): string/m);
    expect(text).toMatch(/^Steps: .+ → /m);
  });

  test("has each view in the text and in the data", async () => {
    for (const [view, begins] of [
      ["prose", /^## Steps$/m],
      ["diagram", /flowchart/],
      ["definition", /^schema: meta-workflow\/v1$/m],
    ] as const) {
      const { text, data } = await get("staged-deployment", view);
      expect(text).toMatch(begins);
      expect(data["text"]).toBe(text);
    }
  });
});

test("a row whose steps were written for people says that the server checks nothing, and shows its prose", async () => {
  const { text, data } = await get("MW-002");
  expect(data["has_definition"]).toBe(false);
  expect(text).toContain("step(s) written for people: each becomes an action for you; the server checks nothing.");
  const prose = (await get("MW-002", "prose")).text;
  expect(prose).toMatch(/^# MW-002: /);
  expect(prose).toMatch(/^## 1\. /m);
});

describe("a row without steps", () => {
  const BARE = {
    id: "MW-9",
    name: "Nine",
    status: "active",
    row: { triggers: ["do nine", "nine"] },
    fromRow: false,
    file: "META-WORKFLOWS.md",
    changes: Array.from({ length: 52 }, (_, at) => `line ${at}: changed`),
  } as unknown as LibraryEntry;

  test("is told by its triggers; a diagram and a definition of nothing are refused", () => {
    const summary = viewText(BARE, "summary");
    expect(summary).toContain("It has no steps to carry out.");
    expect(summary).toMatch(/\nand 2 more$/);
    expect(summary).not.toContain("line 50: changed");
    expect(viewText(BARE, "prose")).toBe("MW-9 Nine\nTriggers: do nine / nine");
    for (const view of ["diagram", "definition"] as const)
      expect(() => viewText(BARE, view)).toThrow(
        expect.objectContaining({ code: "definition_invalid", hint: expect.stringContaining("prose") }),
      );
  });

  test("without triggers says so", () => {
    expect(viewText({ ...BARE, row: { ...BARE.row, triggers: [] } }, "summary")).toContain("Triggers: none");
  });
});

test("what nobody has is not found, with what is near", async () => {
  await expect(get("staged-deploymint")).rejects.toMatchObject({ code: "not_found" });
});
