import { execFileSync, spawnSync } from "node:child_process";
import { cpSync, existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { projectFolder } from "./project-folder.test-support.ts";

const EXAMPLE = join(import.meta.dirname, "../../../../examples/three-tier");
const isThere = (program: string) => spawnSync(program, ["version"], { stdio: "ignore" }).status === 0;

/** The set-up for tests says where its OpenTofu is; one on PATH serves as well. */
const TOFU = process.env["PLATFORM_OPS_TEST_TOFU"] ?? "tofu";

describe.each([
  ["terraform", "terraform"],
  ["tofu (`npm run setup` builds it for tests)", TOFU],
])("the network of examples/three-tier, by %s", (_name, program) => {
  it.skipIf(!isThere(program))("shows a file that was changed or deleted by hand in the next plan, and none after that", () => {
    const root = projectFolder();
    cpSync(EXAMPLE, root, { recursive: true });
    const cwd = join(root, "network");
    const run = (...args: string[]) => execFileSync(program, args, { cwd, stdio: "pipe" });
    const plan = () =>
      spawnSync(program, ["plan", "-input=false", "-detailed-exitcode", "-out=plan", "-var-file=example.tfvars"], { cwd }).status;
    const file = join(root, "built/network.json");
    run("init", "-input=false");
    expect(plan()).toBe(2);
    run("apply", "plan");
    const wanted = readFileSync(file, "utf8");
    expect(JSON.parse(wanted)).toEqual({ name: "three-tier", address_range: "10.20.0.0/16" });
    expect(plan()).toBe(0);
    for (const drift of [
      () => writeFileSync(file, "{}"),
      () => writeFileSync(file, "{}"),
      () => rmSync(file),
      () => rmSync(join(root, "built"), { recursive: true }),
    ]) {
      drift();
      expect(plan()).toBe(2);
      run("apply", "plan");
      expect(readFileSync(file, "utf8")).toBe(wanted);
      expect(plan()).toBe(0);
    }
    expect(existsSync(join(root, "network/terraform.tfstate"))).toBe(true);
  });
});
