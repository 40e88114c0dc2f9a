import { execFileSync } from "node:child_process";
import { cpSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { ROOT } from "../setup.mjs";
import { distTag, publishedManifest, publishedPackages, publishedServers } from "./packages.mjs";
import { planOf, waitingChangesets } from "./plan.mjs";
import { bumpVersions, withVersion } from "./version.ts";

test.for(publishedServers(ROOT))("$server says one version everywhere, and another where it gets another", ({ folder, manifest }) => {
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

test("changesets become one version of all packages, and a changelog; on the prerelease channel too", () => {
  const root = realpathSync(mkdtempSync(join(tmpdir(), "platform-ops-version-")));
  try {
    const git = (...args: string[]): void => void execFileSync("git", ["-C", root, "-c", "user.name=t", "-c", "user.email=t@t", ...args]);
    const files = execFileSync("git", ["-C", ROOT, "ls-files", "*package.json", "pnpm-workspace.yaml", "*/identity.ts"], {
      encoding: "utf8",
    });
    for (const file of files.trim().split("\n")) cpSync(join(ROOT, file), join(root, file), { recursive: true });
    cpSync(join(ROOT, ".changeset"), join(root, ".changeset"), { recursive: true });
    rmSync(join(root, ".changeset/pre.json"), { force: true });
    for (const name of waitingChangesets(root)) rmSync(join(root, ".changeset", `${name}.md`));
    writeFileSync(join(root, "pnpm-lock.yaml"), "");
    git("init", "--quiet", "--initial-branch=main");
    git("add", "--all");
    git("commit", "--quiet", "--message", "x");
    const before = publishedPackages(root)[0]!.manifest.version;
    expect(planOf(root, () => "sha512-x")).toEqual({ version: false, publish: false });
    expect(planOf(root, () => undefined)).toEqual({ version: false, publish: true });

    writeFileSync(join(root, ".changeset/one.md"), '---\n"@platform-ops/terraform-mcp": minor\n---\n\nDoes more.\n');
    expect(planOf(root, () => undefined)).toEqual({ version: true, publish: false });
    writeFileSync(join(root, ".changeset/pre.json"), JSON.stringify({ mode: "pre", tag: "next", initialVersions: {}, changesets: [] }));
    bumpVersions(root, () => undefined);
    const packages = publishedPackages(root);
    const [major, minor] = before.split(".").map(Number);
    const wanted = `${major}.${minor + 1}.0-next.0`;
    expect(packages.map(({ manifest }) => manifest.version)).toEqual(packages.map(() => wanted));
    expect(readFileSync(join(root, "servers/terraform/CHANGELOG.md"), "utf8")).toMatch(/-next\.0\n\n### Minor Changes\n\n- .*Does more\./);
    expect(readFileSync(join(root, "servers/flux-teleport/src/identity.ts"), "utf8")).toContain(`version: "${wanted}"`);
    // The changeset is kept for the release itself, and is not counted again.
    expect(planOf(root, () => undefined)).toEqual({ version: false, publish: true });
  } finally {
    rmSync(root, { recursive: true });
  }
});
