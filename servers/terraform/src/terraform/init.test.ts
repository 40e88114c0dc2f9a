import { chmod, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";

import { afterEach, describe, expect, test } from "vitest";

import { ensureInit } from "./init.ts";
import type { StepContext } from "./step.ts";
import { WorkspaceFixture } from "./workspace.test-support.ts";

const made: WorkspaceFixture[] = [];
afterEach(async () => {
  for (const fixture of made.splice(0)) await fixture.remove();
});

const AWS = 'terraform {\n  required_providers {\n    aws = { source = "hashicorp/aws" }\n  }\n}\nprovider "aws" {}\n';
const LOCK = 'provider "registry.terraform.io/hashicorp/aws" {\n  version = "5.0.0"\n}\n';

/** Providers cannot be had here: a stand-in for the program notes its arguments, then does what the text says. */
async function workspace(
  files: Record<string, string>,
  text = "",
): Promise<{ fixture: WorkspaceFixture; ctx: StepContext; calls(): Promise<string[]> }> {
  const fixture = await WorkspaceFixture.create(
    { kind: "terraform", path: "/nowhere", version: "1.11.4", digest: "0" },
    process.env,
    files,
  );
  made.push(fixture);
  const path = fixture.path("program");
  await writeFile(path, `#!/bin/sh\necho "$*" >> ${fixture.path("calls")}\nmkdir -p "$TF_DATA_DIR/providers"\n${text}\n`);
  await chmod(path, 0o755);
  const ctx = fixture.context();
  return {
    fixture,
    ctx: { ...ctx, program: { ...ctx.program, path } },
    calls: async () => (await readFile(fixture.path("calls"), "utf8").catch(() => "")).split("\n").filter((line) => line !== ""),
  };
}

const failing = (summary: string, times: number): string =>
  `n=$(wc -l < "$(dirname "$0")/calls")\nif [ "$n" -le ${times} ]; then echo '{"type":"diagnostic","diagnostic":{"severity":"error","summary":"${summary}","detail":"x"}}'; exit 1; fi`;

describe("ensureInit", () => {
  test("runs once, and again for another version, lock file, provider block, and a data directory that lost something", async () => {
    const { fixture, ctx, calls } = await workspace({ "main.tf": AWS });
    expect(await ensureInit(ctx)).toBe(true);
    expect(await ensureInit(ctx)).toBe(false);
    expect(await ensureInit({ ...ctx, program: { ...ctx.program, version: "1.12.0" } })).toBe(true);
    expect(await ensureInit({ ...ctx, program: { ...ctx.program, version: "1.12.0" } })).toBe(false);
    await fixture.write({ ".terraform.lock.hcl": LOCK });
    expect(await ensureInit(ctx)).toBe(true);
    await fixture.write({ "main.tf": `${AWS}provider "google" {}\n` });
    expect(await ensureInit(ctx)).toBe(true);
    expect(await ensureInit(ctx)).toBe(false);
    await rm(join(ctx.dataDir, "providers"), { recursive: true });
    expect(await ensureInit(ctx)).toBe(true);
    expect(await ensureInit(ctx, true)).toBe(true);
    expect(await calls()).toHaveLength(6);
  });

  test("a lock file is held fixed where it names all providers, else completed", async () => {
    const { fixture, ctx, calls } = await workspace({ "main.tf": AWS });
    await ensureInit(ctx);
    await fixture.write({ ".terraform.lock.hcl": LOCK });
    await ensureInit(ctx);
    await fixture.write({ "main.tf": AWS.replace("aws =", 'google = { source = "hashicorp/google" }\n    aws =') });
    await ensureInit(ctx);
    expect(await calls()).toEqual(["init -json -input=false", "init -json -input=false -lockfile=readonly", "init -json -input=false"]);
  });

  test("tries again what the network did, not what a person has to correct", async () => {
    const flaky = await workspace({ "main.tf": AWS }, failing("Failed to query available provider packages", 2));
    expect(await ensureInit(flaky.ctx)).toBe(true);
    expect(await flaky.calls()).toHaveLength(3);
    const wrong = await workspace({ "main.tf": AWS }, failing("Provider dependency changes detected", 9));
    await expect(ensureInit(wrong.ctx)).rejects.toMatchObject({ code: "invalid_config", details: { reason: "lock_file_incomplete" } });
    expect(await wrong.calls()).toHaveLength(1);
    const changed = await workspace({ "main.tf": AWS }, failing("Backend configuration changed", 9));
    await expect(ensureInit(changed.ctx)).rejects.toMatchObject({ details: { reason: "backend_changed" }, retryable: false });
    // A failed init leaves no mark: the next one runs.
    await expect(ensureInit(changed.ctx)).rejects.toMatchObject({ code: "invalid_config" });
    expect(await changed.calls()).toHaveLength(2);
  });

  test("a program that knows no init -json is asked without, and its text understood", async () => {
    const { ctx, calls } = await workspace(
      { "main.tf": AWS },
      'case "$*" in *-json*) echo "flag provided but not defined: -json" >&2; exit 1;; esac\necho "╷" >&2; echo "│ Error: Module not installed" >&2; exit 1',
    );
    await expect(ensureInit(ctx)).rejects.toMatchObject({
      code: "invalid_config",
      message: expect.stringContaining("Module not installed"),
    });
    expect(await calls()).toEqual(["init -json -input=false", "init -no-color -input=false"]);
  });

  test("nothing runs for builtin resources only", async () => {
    const { ctx, calls } = await workspace({ "main.tf": 'resource "terraform_data" "a" {}\n' });
    expect(await ensureInit(ctx)).toBe(false);
    expect(await calls()).toEqual([]);
  });
});
