import { chmod, mkdir, mkdtemp, readFile, rm, symlink, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { afterEach, beforeEach, expect, test } from "vitest";

import { findProgram, requireSameProgram } from "./program.ts";

let folder = "";
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "program-"));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

/** A stand-in that answers `version -json` and counts how often it is asked. */
async function install(path: string, version: string): Promise<string> {
  await mkdir(join(path, ".."), { recursive: true });
  await writeFile(path, `#!/bin/sh\necho x >> "${folder}/asked"\necho '{"terraform_version":"${version}","platform":"linux_amd64"}'\n`);
  await chmod(path, 0o755);
  return path;
}
const asked = async (): Promise<number> => (await readFile(join(folder, "asked"), "utf8").catch(() => "")).length / 2;

test("finds it on the given path, real path and digest, and asks it once", async () => {
  const real = await install(join(folder, "real", "terraform-1.9"), "1.9.8");
  await mkdir(join(folder, "bin"));
  await symlink(real, join(folder, "bin", "terraform"));
  const options = {
    searchPath: `relative:${join(folder, "none")}:${join(folder, "bin")}`,
    cacheFile: join(folder, "cache", "programs.json"),
  };
  const found = await findProgram("terraform", options);
  expect(found).toEqual({ kind: "terraform", path: real, version: "1.9.8", digest: expect.stringMatching(/^[0-9a-f]{64}$/) });
  expect(await findProgram("terraform", options)).toEqual(found);
  expect(await asked()).toBe(1);
  await install(real, "1.10.2");
  await utimes(real, new Date(), new Date(Date.now() + 5_000));
  const changed = await findProgram("terraform", options);
  expect(changed.version).toBe("1.10.2");
  expect(changed.digest).not.toBe(found.digest);
});

test("a program that was replaced is noticed, though its size and modification time are those of the old one", async () => {
  const cacheFile = join(folder, "cache.json");
  const path = await install(join(folder, "terraform"), "1.9.8");
  const when = new Date("2026-01-01T00:00:00Z");
  await utimes(path, when, when);
  const found = await findProgram("terraform", { configured: path, searchPath: "", cacheFile });
  await expect(requireSameProgram(found, cacheFile)).resolves.toBeUndefined();
  await install(path, "1.9.9");
  await utimes(path, when, when);
  await expect(requireSameProgram(found, cacheFile)).rejects.toMatchObject({ code: "program_missing" });
  expect((await findProgram("terraform", { configured: path, searchPath: "", cacheFile })).version).toBe("1.9.9");
  await rm(path);
  await expect(requireSameProgram(found, cacheFile)).resolves.toBeUndefined();
});

test("a damaged cache is made anew", async () => {
  const cacheFile = join(folder, "cache.json");
  await writeFile(cacheFile, '{"x":');
  const configured = await install(join(folder, "tofu"), "1.6.0");
  expect(await findProgram("tofu", { configured, searchPath: "", cacheFile })).toMatchObject({ kind: "tofu", version: "1.6.0" });
  const kept = JSON.parse(await readFile(cacheFile, "utf8")) as Record<string, { digest: string }>;
  await writeFile(cacheFile, JSON.stringify({ [configured]: { ...kept[configured], digest: "forged" } }));
  expect((await findProgram("tofu", { configured, searchPath: "", cacheFile })).digest).toMatch(/^[0-9a-f]{64}$/);
});

test("missing, not runnable, too old and something else are refused with the cure", async () => {
  const hint = expect.stringContaining("Install Terraform 1.5");
  await expect(findProgram("terraform", { searchPath: folder })).rejects.toMatchObject({ code: "program_missing", hint });
  await writeFile(join(folder, "terraform"), "x");
  await expect(findProgram("terraform", { searchPath: folder })).rejects.toMatchObject({ code: "program_missing" });
  await expect(findProgram("terraform", { configured: join(folder, "terraform"), searchPath: "" })).rejects.toMatchObject({
    code: "program_missing",
    hint,
  });
  await expect(findProgram("terraform", { configured: "terraform", searchPath: "" })).rejects.toMatchObject({ code: "program_missing" });
  await expect(findProgram("terraform", { configured: await install(join(folder, "old"), "1.4.7"), searchPath: "" })).rejects.toMatchObject(
    { code: "program_missing", message: expect.stringContaining("1.4.7") },
  );
  await expect(findProgram("tofu", { configured: await install(join(folder, "odd"), "one"), searchPath: "" })).rejects.toMatchObject({
    code: "program_missing",
    hint: expect.stringContaining("OpenTofu 1.6"),
  });
});
