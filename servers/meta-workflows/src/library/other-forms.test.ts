import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { MetaWorkflowsDeps } from "../deps.ts";
import { get_meta_workflow } from "../tools/get_meta_workflow.ts";
import { list_meta_workflows } from "../tools/list_meta_workflows.ts";
import type { Library } from "./library.ts";
import { openLibrary } from "./open-library.ts";

// A folder of WORKFLOW_DEFINITIONS_PATH with one definition of each form that is read.

const OURS = `schema: meta-workflow/v1
id: tidy-up
name: Tidy up
version: 1.0.0
status: active
steps:
  - { id: look, type: prompt, instructions: Look around. }
`;
const TYPED = `name: roll-out
version: 1.0.0
inputs:
  service: { type: string, required: true }
steps:
  - id: build
    type: shell
    command: make '{{ inputs.service }}'
    output_to: built
  - id: publish
    type: mcp_call
    tool: deploy.publish
    parameters: { tag: "{{ inputs.service }}" }
  - id: tell
    type: mcp_call
    tool: chat.post
    parameters: { region: "{{ env('REGION', 'nowhere') }}" }
`;
const PROSE = `workflow: review-changes
description: "Looks at what was changed"
steps:
  - name: "Read the difference"
    tool: reader
    action: |
      - Reads every file
  - name: "Say what is wrong"
    tool: writer
    action: |
      - Writes a comment for each fault
`;

let folder = "";
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "forms-"));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

async function libraryOf(
  files: Record<string, string>,
  { env = {}, bindings }: { env?: Record<string, string>; bindings?: string } = {},
): Promise<Library> {
  for (const [path, text] of Object.entries(files)) {
    await mkdir(dirname(join(folder, "own", path)), { recursive: true });
    await writeFile(join(folder, "own", path), text);
  }
  const settings = {
    definitions_path: [join(folder, "own")],
    definition_variables: ["REGION"],
    ...(bindings === undefined ? {} : { bindings }),
  };
  return openLibrary({ shipped: join(folder, "none"), settings, env });
}

async function shown(library: Library, id: string): Promise<{ text: string; data: Record<string, unknown> }> {
  const deps = { library } as unknown as MetaWorkflowsDeps;
  return (await get_meta_workflow.run({ id, view: "summary" }, deps, {} as never)) as { text: string; data: Record<string, unknown> };
}

describe("definitions of every form", () => {
  it("load from a folder, and what was changed is told", async () => {
    const library = await libraryOf({ "tidy-up.yaml": OURS, "roll-out.yml": TYPED, "workflows/review-changes.yaml": PROSE });
    const { entries, problems } = await library.read();
    expect(problems.filter(({ severity }) => severity === "error")).toEqual([]);
    expect(entries.map(({ id, definition }) => [id, definition?.steps.map(({ type }) => type)])).toEqual(
      expect.arrayContaining([
        ["tidy-up", ["prompt"]],
        ["roll-out", ["shell", "mcp_call", "mcp_call"]],
        ["review-changes", ["prompt", "prompt"]],
      ]),
    );
    expect((await shown(library, "tidy-up")).data).not.toHaveProperty("changes");
    const { text, data } = await shown(library, "roll-out");
    expect(text).toContain("written in another form");
    expect(data["changes"]).toEqual(expect.arrayContaining([expect.stringMatching(/^line 8: .*\$\{\{ \}\}/)]));
    expect(data["change_count"]).toBe((data["changes"] as unknown[]).length);
    expect((await library.find("roll-out")).text).toContain("schema: meta-workflow/v1");
  });

  it("read the environment by the operator's list only", async () => {
    const files = { "a.yaml": TYPED, "b.yaml": TYPED.replace("roll-out", "other").replace("'REGION'", "'TOKEN'") };
    const library = await libraryOf(files, { env: { REGION: "north-7", TOKEN: "t0p-secret" } });
    expect(JSON.stringify((await library.find("roll-out")).definition)).toContain("north-7");
    expect(JSON.stringify(await library.read())).not.toContain("t0p-secret");
  });

  it("what the operator's bindings name is called by the server, the rest by the client", async () => {
    const bindings = join(folder, "bindings.yaml");
    const library = await libraryOf({ "a.yaml": TYPED }, { bindings });
    const placed = async (): Promise<unknown> =>
      (await library.find("roll-out")).definition?.steps.map((step) => "runs_on" in step && step.runs_on);
    expect(await placed()).toEqual(["client", "client", "client"]);
    await writeFile(bindings, "schema: bindings/v1\ncapabilities: { deploy.publish: { server: ship, tool: publish } }\n");
    expect(await placed()).toEqual(["client", "server", "client"]);
  });

  it("are found by the file's name, with and without its ending", async () => {
    const library = await libraryOf({ "first.yaml": OURS, "second.yml": TYPED, "workflows/third.yaml": PROSE });
    for (const [name, id] of [
      ["first", "tidy-up"],
      ["second.yml", "roll-out"],
      ["SECOND", "roll-out"],
      ["third.yaml", "review-changes"],
    ])
      expect((await library.find(name!)).definition?.id).toBe(id);
  });

  it("of two files with one id the nearer counts, .yaml before .yml, and it is told", async () => {
    const as = (version: string): string => OURS.replace("1.0.0", version);
    const library = await libraryOf({ "tidy-up.yml": as("2.0.0"), "tidy-up.yaml": as("1.0.0"), "workflows/tidy-up.yaml": as("3.0.0") });
    expect((await library.find("tidy-up")).definition?.version).toBe("1.0.0");
    expect((await library.read()).problems).toEqual([
      expect.objectContaining({ code: "defined_twice", severity: "warning" }),
      expect.objectContaining({ code: "defined_twice", severity: "warning" }),
    ]);
  });

  it("one that is of no form is a problem with its file and line, and hides no other", async () => {
    const library = await libraryOf({ "notes.yaml": "just: notes\n", "tidy-up.yaml": OURS });
    const { entries, problems } = await library.read();
    expect(entries.map(({ id }) => id)).toEqual(["tidy-up"]);
    expect(problems).toEqual([expect.objectContaining({ code: "UNKNOWN_FORM", file: join(folder, "own/notes.yaml"), line: 1 })]);
    const place = `${join(folder, "own/notes.yaml")}:1`;
    await expect(library.find("notes")).rejects.toMatchObject({ code: "definition_invalid", message: expect.stringContaining(place) });
    await expect(library.find("note")).rejects.toMatchObject({ code: "not_found" });
    const list = await list_meta_workflows.run({}, { library } as unknown as MetaWorkflowsDeps, {} as never);
    expect(list).toMatchObject({ text: expect.stringContaining(`Not read: ${place}`) });
  });
});
