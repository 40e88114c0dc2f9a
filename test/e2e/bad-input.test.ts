import { mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { realpathSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { startAgent, type Agent } from "../support/mcp-client.ts";

// Bad and hostile configurations through the spawned server: each refused in words that name what is wrong, and the same
// process answers the next call. Nothing is set up here: none of this may get as far as Temporal.

let folder: string;
let project: string;
let agent: Agent;

beforeAll(async () => {
  folder = realpathSync(await mkdtemp(join(tmpdir(), "platform-ops-bad-input-")));
  project = join(folder, "project");
  const outside = join(folder, "outside");
  for (const path of [join(project, "good"), join(project, "empty"), outside]) await mkdir(path, { recursive: true });
  for (const path of [join(project, "good"), outside]) await writeFile(join(path, "main.tf"), 'resource "terraform_data" "it" {}\n');
  await symlink(outside, join(project, "out"));
  // An empty cache and no PATH: what gets past the checks finds no Temporal to start.
  agent = await startAgent({
    roots: [project],
    home: join(folder, "home"),
    env: { PATH: folder, PLATFORM_OPS_CACHE: join(folder, "cache") },
  });
});

afterAll(async () => {
  await agent.close();
  await rm(folder, { recursive: true, force: true });
});

/** The server that was started is still there and does its work. */
async function livesOn(): Promise<void> {
  await writeFile(join(project, "fine.yaml"), "workspaces: [{name: good, dir: good}]\n");
  const answer = await agent.call("list_workflows", { config_path: "fine.yaml" });
  expect(answer.isError, answer.text).toBe(false);
}

const one = (workspace: string): string => `workspaces:\n  - ${workspace}\n`;
const bomb = [
  `l0: &l0 [1, 1, 1]`,
  ...Array.from({ length: 12 }, (_, i) => `l${i + 1}: &l${i + 1} [${Array(10).fill(`*l${i}`).join(", ")}]`),
].join("\n");

test.each<[string, string, RegExp]>([
  ["a YAML bomb", bomb, /expands to more than 50000 values/],
  ["an anchor loop", "workspaces: &a [*a]\n", /endless loop/],
  ["5 MB", one("{name: good, dir: good}") + "# pad\n".repeat(900_000), /1 MB|larger/],
  ["a key written twice", "workspaces: []\nworkspaces: []\n", /line 2/],
  ["tabs", "workspaces:\n\t- name: a\n", /a tab where spaces are needed/],
  ["a directory that is not there", one("{name: a, dir: nowhere}"), /dir nowhere is not there/],
  ["a directory without .tf", one("{name: a, dir: empty}"), /has no \.tf file/],
  ["a link out of the root", one("{name: a, dir: out}"), /dir .*leads outside the allowed roots/],
  ["../", one("{name: a, dir: ../outside}"), /dir .*leads outside the allowed roots/],
  ["a name with ;", one('{name: "a; touch x", dir: good}'), /workspaces\[0\]\.name/],
  ["a name with a newline", one('{name: "a\\nb", dir: good}'), /workspaces\[0\]\.name/],
  ["a name that looks like a flag", one('{name: "-auto-approve", dir: good}'), /workspaces\[0\]\.name/],
  ["a name of control characters", one('{name: "a\\e[2Jb\\a", dir: good}'), /workspaces\[0\]\.name/],
  ["an unknown key", one("{name: a, dir: good, opperations: [plan]}"), /unknown key 'opperations'.*did you mean operations/],
  ["bytes that are no text", "workspaces: \u0000\n", /NUL/],
])("%s is refused by name, and the server lives on", async (_what, text, said) => {
  await writeFile(join(project, "bad.yaml"), text);
  for (const tool of ["execute_workflow", "list_workflows"]) {
    const answer = await agent.call(tool, { config_path: "bad.yaml" });
    expect(answer.isError, answer.text).toBe(true);
    expect(answer.text).toMatch(said);
    expect(answer.text.length).toBeLessThan(9_000);
    // oxlint-disable-next-line no-control-regex -- what a terminal would obey is what must not be there
    expect(answer.text).not.toMatch(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/);
    expect(answer.data["error"].code).toMatch(/^(invalid_config|path_not_allowed|too_large)$/);
  }
  await livesOn();
});

test.each<[string, Record<string, unknown>, RegExp]>([
  ["config_path out of the root", { config_path: "../outside/main.tf" }, /config_path|outside the allowed roots/],
  ["config_path that is not there", { config_path: "no.yaml" }, /no\.yaml/],
  ["config_path with a NUL", { config_path: "a\u0000b" }, /config_path/],
  ["config_path of a megabyte", { config_path: "x".repeat(1_000_000) }, /config_path/],
  ["a misspelt argument", { config_pth: "fine.yaml" }, /config_pth.*did you mean/s],
  ["only as text", { config_path: "fine.yaml", only: "good" }, /only/],
  ["a name that is not defined", { config_path: "fine.yaml", only: ["-destroy"] }, /-destroy/],
  ["an inline name that is a flag", { config: { workspaces: [{ name: "--help", dir: "good" }] } }, /name/],
  ["an inline value of a megabyte", { config: { workspaces: [{ name: "x".repeat(1_000_000), dir: "good" }] } }, /name/],
  ["a workflow_name that is none", { config_path: "fine.yaml", workflow_name: "\u001b[31mEvil" }, /workflow_name|Unsupported workflow/],
])("%s is refused by name, and the server lives on", async (_what, args, said) => {
  await livesOn();
  const answer = await agent.call("execute_workflow", args);
  expect(answer.isError, answer.text.slice(0, 500)).toBe(true);
  expect(answer.text).toMatch(said);
  expect(answer.text.length).toBeLessThan(9_000);
  // oxlint-disable-next-line no-control-regex -- as above
  expect(answer.text).not.toMatch(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/);
  await livesOn();
});

test.each([
  ["nothing", ""],
  ["a flag", "-rf"],
  ["a path", "../../etc/passwd"],
  ["10 KB", "x".repeat(10_000)],
  ["a terminal sequence", "a\u001b[2J"],
])("get_workflow_status of %s is refused", async (_what, workflow_id) => {
  const answer = await agent.call("get_workflow_status", { workflow_id });
  expect(answer.isError, answer.text).toBe(true);
  expect(answer.text.length).toBeLessThan(3_000);
  await livesOn();
});
