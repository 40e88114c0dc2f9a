import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { authoringCommands } from "../authoring-commands.ts";
import { openDesk, type AuthorsDesk } from "../authoring/authors-desk.test-support.ts";

const command = (name: string) => authoringCommands.find((each) => each.name === name)!;
const RUNBOOK = `# Restart a node

For nodes that hang.

1. Drain it
   \`\`\`bash
   kubectl drain <node name>
   \`\`\`
2. Restart it. Use the console where it does not answer.
3. Look whether it is back
   \`\`\`bash
   kubectl get node <node name>
   \`\`\`
`;

let desk: AuthorsDesk;
beforeEach(async () => {
  desk = await openDesk();
});
afterEach(() => desk.remove());

const read = (path: string) => readFile(join(desk.folder, path), "utf8");

it.each([
  ["of nothing", undefined],
  ["of a wiki's runbook", RUNBOOK],
  [
    "of one that waits for an approval",
    RUNBOOK.replace("2. Restart it.", "2. Get approval from its owner.\n3. Restart it.").replace("3. Look", "4. Look"),
  ],
])("makes a runbook %s that lints, passes its scenario and has a current page", async (_what, text) => {
  if (text !== undefined) await desk.write("wiki.md", text);
  const made = await desk.run(command("new"), ["restart-a-node"], text === undefined ? {} : { from: "wiki.md" });
  expect(made).toMatchObject({
    code: 0,
    out: expect.stringContaining("meta-workflows/restart-a-node: workflow.yaml, tests/happy.test.yaml, SKILL.md"),
  });
  expect(await read("meta-workflows/restart-a-node/workflow.yaml")).toMatch(
    /^# yaml-language-server: \$schema=\.\.\/schema\/v1\.json\n[^]*^id: "?restart-a-node"?$/m,
  );
  expect(JSON.parse(await read("meta-workflows/schema/v1.json"))).toMatchObject({ title: "Meta-workflow" });
  const linted = await desk.run(command("lint"), []);
  expect(linted, linted.out).toMatchObject({ code: 0 });
  const tested = await desk.run(command("test"), []);
  expect(tested, tested.out).toMatchObject({ code: 0, out: expect.stringMatching(/(\d+) of \1 steps touched\n/) });
  expect(await desk.run(command("docs"), [], { check: true })).toMatchObject({ code: 0 });
  expect(await desk.run(command("simulate"), ["restart-a-node"])).toMatchObject({
    code: 0,
    out: expect.stringContaining("end: completed"),
  });
});

it("makes placeholders of a runbook's commands inputs, and says what it changed", async () => {
  await desk.write("wiki.md", RUNBOOK);
  const { err } = await desk.run(command("new"), ["restart-a-node"], { from: "wiki.md" });
  expect(err).toContain("`<node name>` is the input `node_name`");
  expect(await read("meta-workflows/restart-a-node/workflow.yaml")).toContain("${{ inputs.node_name }}");
});

it("writes over nothing", async () => {
  await desk.write("meta-workflows/mine/workflow.yaml", "mine\n");
  await desk.write("meta-workflows/schema/v1.json", "{}\n");
  await expect(desk.run(command("new"), ["mine"])).rejects.toMatchObject({ code: "already_exists" });
  expect(await readdir(join(desk.folder, "meta-workflows/mine"))).toEqual(["workflow.yaml"]);
  await desk.run(command("new"), ["other"]);
  expect(await read("meta-workflows/mine/workflow.yaml")).toBe("mine\n");
  expect(await read("meta-workflows/schema/v1.json")).toBe("{}\n");
});

it.each([["../outside"], ["/tmp/outside"], ["--from"], [""], ["a/b"], ["A b"], ["a\n"], ["x".repeat(81)]])(
  "refuses the name %j",
  async (name) => {
    await expect(desk.run(command("new"), [name])).rejects.toMatchObject({ code: "invalid_input" });
    expect(await readdir(desk.folder)).toEqual([]);
  },
);

it.each([["nowhere.md"], ["/dev/zero"], ["."], ["a.yaml"]])("refuses --from %j", async (from) => {
  await desk.write("a.yaml", "x: 1\n");
  await expect(desk.run(command("new"), ["mine"], { from })).rejects.toMatchObject({ code: "invalid_input" });
});

it("makes nothing of a page without steps", async () => {
  await desk.write("empty.md", "# Nothing\n\nwords\n");
  await expect(desk.run(command("new"), ["mine"], { from: "empty.md" })).rejects.toMatchObject({ code: "definition_invalid" });
  expect(await readdir(desk.folder)).toEqual(["empty.md"]);
});
