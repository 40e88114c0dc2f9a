import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { openLibrary } from "../library/open-library.ts";
import type { LibraryEntry } from "../library/library.ts";
import { promptsOf } from "./prompts.ts";

const shipped = openLibrary({ shipped: join(import.meta.dirname, "../../../../meta-workflows"), settings: { definitions_path: [] } });
const ENTRY = {
  id: "MW-9",
  name: "Nine",
  status: "active",
  row: { triggers: [] },
  fromRow: false,
  file: "f",
  definition: {
    id: "team/nine.v2",
    inputs: {
      properties: {
        count: { type: "integer", description: "How many" },
        force: { type: "boolean" },
        note: { type: "string", description: 7 },
        list: { type: "array" },
        more: { type: "object" },
      },
      required: ["count", "list"],
    },
  },
} as unknown as LibraryEntry;
const of = async (...entries: LibraryEntry[]) => {
  const all = await promptsOf({ library: { read: async () => ({ entries }) } as never });
  return all.filter(({ name }) => !/^(new_tool|end_session|debug_flux|validate_design)_workflow$/.test(name));
};
const textOf = async (given: Record<string, string>): Promise<string> => {
  const [prompt] = await of(ENTRY);
  return String(await prompt?.text(given as never));
};

describe("prompts", () => {
  test("are the source's four, then one for each active runbook with steps, each under a name of its own", async () => {
    const prompts = await promptsOf({ library: shipped });
    const names = prompts.map(({ name }) => name);
    expect(names.slice(0, 4)).toEqual(["new_tool_workflow", "end_session_workflow", "debug_flux_workflow", "validate_design_workflow"]);
    expect(new Set(names).size).toBe(names.length);
    expect(names).toContain("staged-deployment");
    const said = await Promise.all(prompts.slice(0, 4).map(({ text }) => text({} as never)));
    expect(said.map((text) => /MW-00\d/.exec(String(text))?.[0])).toEqual(["MW-002", "MW-001", "MW-006", "MW-002"]);
  });

  test("are not made of drafts, nor of rows without steps", async () => {
    const { definition: _, ...stepless } = ENTRY;
    expect(await of({ ...ENTRY, status: "draft" } as LibraryEntry, stepless as LibraryEntry)).toEqual([]);
  });

  test("take what is a text; lists and objects are left to the runbook; names have no sign that a client refuses", async () => {
    const [prompt] = await of(ENTRY);
    expect(prompt).toMatchObject({
      name: "team_nine_v2",
      title: "Nine",
      description: "Starts Nine.",
      arguments: [{ name: "count", description: "How many", required: true }, { name: "force" }, { name: "note" }],
    });
    const [triggered] = await of({ ...ENTRY, row: { triggers: ["t".repeat(500)] } } as unknown as LibraryEntry);
    expect(triggered?.description).toHaveLength(400);
  });

  test("name the call with inputs of their types; what is no number stays a text for the server to refuse", async () => {
    expect(await textOf({ count: "3", force: "true", note: "hi" })).toContain(
      'start_workflow with {"workflow_name":"team/nine.v2","inputs":{"count":3,"force":true,"note":"hi"}}. Ask for these inputs first: list.',
    );
    expect(await textOf({ count: "many", force: "yes" })).toContain('"inputs":{"count":"many","force":"yes"}');
    expect(await textOf({ count: " ", force: "false" })).toContain('"inputs":{"count":" ","force":false}');
    expect(await textOf({})).toContain("Ask for these inputs first: count, list.");
  });
});
