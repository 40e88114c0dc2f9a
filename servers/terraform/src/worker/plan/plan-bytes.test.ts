import { mkdtemp, realpath, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openArtifacts, openDataDirectory, openKeys } from "@platform-ops/ledger";
import { afterEach, beforeEach, expect, test } from "vitest";
import { keepPlanBytes, readPlanBytes } from "./plan-bytes.ts";

let folder: string;
beforeEach(async () => void (folder = await realpath(await mkdtemp(join(tmpdir(), "plan-bytes-")))));
afterEach(() => rm(folder, { recursive: true, force: true }));

test("equal plans of two workspaces are two artifacts: one is still there after the other was used", async () => {
  const directory = await openDataDirectory(join(folder, "home"));
  const artifacts = openArtifacts(directory, await openKeys(directory));
  const bytes = Buffer.from("a plan");
  const [one, other] = [await keepPlanBytes(artifacts, bytes), await keepPlanBytes(artifacts, bytes)];
  await artifacts.delete(one);
  expect(await readPlanBytes(artifacts, other)).toEqual(bytes);
  await expect(readPlanBytes(artifacts, one)).rejects.toMatchObject({ code: "artifact_missing" });
});
