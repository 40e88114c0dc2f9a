import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { folderDigest } from "./folder-digest.ts";

let root: string;
const write = (path: string, text = "x") => {
  mkdirSync(join(root, path, ".."), { recursive: true });
  writeFileSync(join(root, path), text);
};
const digest = () => folderDigest(join(root, "ws"), join(root, "data"));

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "folder-digest-"));
  for (const path of [
    "ws/main.tf",
    "ws/x.sh",
    "ws/files/template.tpl",
    "ws/other/main.tf",
    "ws/other/y.sh",
    "module/main.tf",
    "module/z.sh",
  ])
    write(path);
  write(
    "data/modules/modules.json",
    JSON.stringify({
      Modules: [
        { Key: "", Dir: "." },
        { Key: "m", Dir: "../module" },
      ],
    }),
  );
});
afterEach(() => rmSync(root, { recursive: true }));

test.each<[string, () => void]>([
  ["a script is swapped", () => write("ws/x.sh", "y")],
  ["a file below is", () => write("ws/files/template.tpl", "y")],
  ["one of a module is", () => write("module/z.sh", "y")],
  ["one comes", () => write("ws/files/new")],
  ["one goes", () => rmSync(join(root, "ws/x.sh"))],
  ["one becomes executable", () => chmodSync(join(root, "ws/x.sh"), 0o755)],
  ["one becomes a link", () => (rmSync(join(root, "ws/x.sh")), symlinkSync("/bin/true", join(root, "ws/x.sh")))],
])("it is another when %s", async (_what, change) => {
  const before = await digest();
  expect(await digest()).toBe(before);
  change();
  expect(await digest()).not.toBe(before);
});

test.each([
  "ws/main.tf",
  "ws/a.auto.tfvars",
  "ws/terraform.tfstate",
  "ws/terraform.tfstate.backup",
  "ws/.terraform/x",
  "ws/.terraform.lock.hcl",
  "ws/README.md",
  "ws/other/y.sh",
  "module/main.tf",
])("it stays when %s changes: the plan holds it, terraform writes it, or it is another workspace's", async (path) => {
  const before = await digest();
  write(path, "changed");
  expect(await digest()).toBe(before);
});
