import { existsSync } from "node:fs";
import { mkdir, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { PlannedWorkspace } from "./fixture/planned-workspace.ts";
import { workspaceFolder } from "./workspace/run-files.ts";
import { sweep } from "./sweep.ts";

test("takes away expired plans and what killed steps left in clear; nothing that a run may still need", async () => {
  await using w = await PlannedWorkspace.make();
  const { artifacts, directory } = w.deps;
  const expired = await artifacts.put("an old plan", { expiresAt: new Date(Date.now() - 1_000) });
  const plan = await artifacts.put("a plan", { expiresAt: new Date(Date.now() + 3_600_000) });
  const report = await artifacts.put("a report");
  const fileOf = (digest: string): string => directory.path("artifacts", digest.slice(0, 2), digest);
  const leave = async (run: string, name: string, daysAgo: number): Promise<string> => {
    const folder = workspaceFolder(directory, run, "vpc", name);
    await mkdir(folder, { recursive: true });
    await writeFile(join(folder, "variables.tfvars.json"), "{}");
    const when = new Date(Date.now() - daysAgo * 86_400_000);
    await utimes(folder, when, when);
    return folder;
  };
  const left = await leave("run-0", "work", 3);
  const journal = await leave("run-0", "0".repeat(64), 3);
  const atWork = await leave("run-1", "work", 1);
  await sweep(w.deps);
  expect([expired, plan, report].map((digest) => existsSync(fileOf(digest)))).toEqual([false, true, true]);
  expect([left, journal, atWork].map((folder) => existsSync(folder))).toEqual([false, true, true]);
});

test("a data directory without runs is no failure", async () => {
  await using w = await PlannedWorkspace.make();
  await expect(sweep(w.deps)).resolves.toBeUndefined();
});
