import { readFile, symlink } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { authoringCommands } from "../authoring-commands.ts";
import { GREETING, openDesk, type AuthorsDesk } from "./authors-desk.test-support.ts";

const docs = authoringCommands.find(({ name }) => name === "docs")!;
const REGISTRY = `# Ours

## Workflow Registry

| ID | Name | Trigger | Status | Last Updated |
| --- | --- | --- | --- | --- |
| MW-100 | Something | "do something" | Active | 2025-01-01 |

Kept by hand.

### MW-100: Something

#### 1. Do it

**Actions:**
- do it
`;

let desk: AuthorsDesk;
beforeEach(async () => {
  desk = await openDesk();
  await desk.write("meta-workflows/greeting/workflow.yaml", GREETING);
});
afterEach(() => desk.remove());

const read = (path: string) => readFile(join(desk.folder, "meta-workflows", path), "utf8");

it("writes a page once, and says when it is out of date", async () => {
  expect(await desk.run(docs, [], { check: true })).toMatchObject({
    code: 1,
    out: "out of date: meta-workflows/greeting/SKILL.md (new)\n",
  });
  expect(await desk.run(docs, [])).toMatchObject({ code: 0 });
  const page = await read("greeting/SKILL.md");
  expect(page).toContain("```mermaid");
  expect(await desk.run(docs, [], { check: true })).toMatchObject({ code: 0 });
  await desk.write("meta-workflows/greeting/workflow.yaml", GREETING.replace("1.0.0", "1.1.0").replace("Greet $", "Welcome $"));
  expect(await desk.run(docs, [], { check: true })).toMatchObject({ code: 1 });
  expect(await read("greeting/SKILL.md")).toBe(page);
});

it("keeps what a person wrote around the markers, and the version in the front matter current", async () => {
  await desk.run(docs, []);
  const page = await read("greeting/SKILL.md");
  await desk.write("meta-workflows/greeting/SKILL.md", `${page.replace("# Greeting\n", "# Greeting\n\nAsk Ben first.\n")}\nAn end.\n`);
  await desk.write("meta-workflows/greeting/workflow.yaml", GREETING.replace("1.0.0", "1.1.0"));
  await desk.run(docs, []);
  const now = await read("greeting/SKILL.md");
  expect(now).toContain("Ask Ben first.");
  expect(now).toMatch(/\nAn end\.\n$/);
  expect(now).toContain('workflow-version: "1.1.0"');
});

it("writes into a README.md that has the markers, where there is no SKILL.md", async () => {
  await desk.write(
    "meta-workflows/greeting/README.md",
    "# Ours\n<!-- generated from workflow.yaml: begin -->\n<!-- generated from workflow.yaml: end -->\n",
  );
  expect((await desk.run(docs, [])).out).toBe("written: meta-workflows/greeting/README.md (page)\n");
});

it("adds and corrects rows, and leaves everything else as it stands", async () => {
  await desk.write("meta-workflows/META-WORKFLOWS.md", REGISTRY);
  expect((await desk.run(docs, [])).out).toContain("written: meta-workflows/META-WORKFLOWS.md (rows greeting)");
  const [today] = new Date().toISOString().split("T");
  const added = await read("META-WORKFLOWS.md");
  expect(added).toMatch(/\| 2025-01-01 \|\n\| greeting \| Greeting \| "greet somebody" \| Active \| [\d-]+ \|\n\nKept by hand\./);
  await desk.write(
    "meta-workflows/META-WORKFLOWS.md",
    added.replace("| Greeting |", "| Greetings |").replace(/(greet.*) [\d-]+ \|/, "$1 2025-01-01 |"),
  );
  expect(await desk.run(docs, [], { check: true })).toMatchObject({ code: 1 });
  await desk.run(docs, []);
  expect((await read("META-WORKFLOWS.md")).replaceAll(today!, "")).toBe(added.replaceAll(today!, ""));
});

it("writes no row that would not be read back", async () => {
  const other = REGISTRY.replace("| ID | Name | Trigger |", "| ID | Trigger | Name |").replace(
    '| Something | "do something" |',
    '| "do something" | Something |',
  );
  await desk.write("meta-workflows/META-WORKFLOWS.md", other);
  await expect(desk.run(docs, [])).rejects.toMatchObject({ code: "invalid_config" });
  expect(await read("META-WORKFLOWS.md")).toBe(other);
});

it("writes through no link, and nothing for what is not valid", async () => {
  await desk.write("elsewhere.md", "mine\n");
  await symlink(join(desk.folder, "elsewhere.md"), join(desk.folder, "meta-workflows/greeting/SKILL.md"));
  await expect(desk.run(docs, [])).rejects.toMatchObject({ code: "path_not_allowed" });
  expect(await readFile(join(desk.folder, "elsewhere.md"), "utf8")).toBe("mine\n");
  await desk.write("meta-workflows/greeting/workflow.yaml", "id: x\n");
  await expect(desk.run(docs, [])).rejects.toMatchObject({ code: "definition_invalid" });
});
