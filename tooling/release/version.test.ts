import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { ROOT } from "../setup.mjs";
import { distTag, publishedManifest, publishedPackages } from "./packages.mjs";
import { withVersion } from "./version.ts";

test.for(publishedPackages(ROOT))("$server says one version everywhere, and another where it gets another", ({ folder, manifest }) => {
  const source = readFileSync(join(folder, "src/identity.ts"), "utf8");
  expect(withVersion(source, manifest.version)).toBe(source);
  expect(withVersion(source, "9.8.7-next.0").replace("9.8.7-next.0", manifest.version)).toBe(source);
});

test("a file without a version, or with two, is not guessed at", () => {
  expect(() => withVersion("export const NAME = 1;", "1.0.0")).toThrow("0 versions");
  expect(() => withVersion('const VERSION = "1.0.0"; const x = { version: "1.0.0" };', "1.0.0")).toThrow("2 versions");
});

test("a prerelease goes to its own channel", () => {
  expect(["0.1.0", "1.0.0-next.3", "2.0.0-rc.1"].map(distTag)).toEqual(["latest", "next", "rc"]);
});

test("users get nothing of the workspace", () => {
  const manifest = { name: "x", devDependencies: { y: "workspace:*" }, scripts: { build: "z" }, contents: ["../.."], bin: { x: "x.js" } };
  expect(publishedManifest(manifest)).toEqual({ name: "x", bin: { x: "x.js" } });
});
