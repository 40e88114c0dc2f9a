import { symlinkSync } from "node:fs";
import { join, relative } from "node:path";
import { describe, expect, it } from "vitest";
import { expandBraces, filesMatching, isGlob, matchesSegment } from "./glob.ts";
import { projectFolder } from "./project-folder.test-support.ts";

describe("matchesSegment", () => {
  it.each([
    ["*", "a", true],
    ["*", "", true],
    ["a*c", "abbc", true],
    ["a*c", "abcd", false],
    ["?.yaml", "a.yaml", true],
    ["?.yaml", ".yaml", false],
    ["*.y*ml", "infra.yaml", true],
    ["a.c", "abc", false],
  ])("%s matches %s: %s", (pattern, segment, expected) => expect(matchesSegment(pattern, segment)).toBe(expected));

  it("does not take for ever on a hostile pattern", () => {
    expect(matchesSegment(`${"*a".repeat(100)}b`, "a".repeat(255))).toBe(false);
  });
});

describe("filesMatching", () => {
  const project = () =>
    projectFolder({
      "infra.yaml": "",
      "staging/infra.yaml": "",
      "production/infra.yml": "",
      "a/b/infra.yaml": "",
      "node_modules/x/infra.yaml": "",
      ".git/infra.yaml": "",
      ".hidden/infra.yaml": "",
      "staging/.terraform/infra.yaml": "",
    });
  const find = async (root: string, pattern: string) => (await filesMatching(root, pattern)).files.map((path) => relative(root, path));

  it.each([
    ["*/infra.yaml", ["staging/infra.yaml"]],
    ["infra.yaml", ["infra.yaml"]],
    ["**/infra.yaml", ["a/b/infra.yaml", "infra.yaml", "staging/infra.yaml"]],
    ["{staging,production}/infra.{yaml,yml}", ["production/infra.yml", "staging/infra.yaml"]],
    ["*/*/infra.yaml", ["a/b/infra.yaml"]],
    [".hidden/infra.yaml", [".hidden/infra.yaml"]],
    ["../*/infra.yaml", []],
    ["node_modules/*/infra.yaml", []],
  ])("%s", async (pattern, expected) => expect(await find(project(), pattern)).toEqual(expected));

  it("takes an absolute pattern inside the root only, and follows no link to a directory", async () => {
    const root = project();
    symlinkSync(join(root, "a"), join(root, "link"));
    symlinkSync(root, join(root, "a", "loop"));
    expect(await find(root, join(root, "*/infra.yaml"))).toEqual(["staging/infra.yaml"]);
    expect(await find(root, "/etc/*")).toEqual([]);
    expect(await find(root, "**/infra.yaml")).toHaveLength(3);
  });

  it("stops at its limits and says so", async () => {
    const root = projectFolder(Object.fromEntries(Array.from({ length: 30 }, (_, i) => [`d${i}/infra.yaml`, ""])));
    expect(await filesMatching(root, "*/infra.yaml", { depth: 8, directories: 10, matches: 100 })).toMatchObject({ truncated: true });
    const few = await filesMatching(root, "*/infra.yaml", { depth: 8, directories: 100, matches: 5 });
    expect(few).toMatchObject({ truncated: true });
    expect(few.files).toHaveLength(5);
  });
});

describe("patterns", () => {
  it("are told from plain paths", () => {
    expect(["*/infra.yaml", "infra.?aml", "{a,b}/infra.yaml"].map(isGlob)).toEqual([true, true, true]);
    expect(["infra.yaml", "a{b}/infra.yaml"].map(isGlob)).toEqual([false, false]);
  });
  it("with many braces stay bounded", () => {
    expect(expandBraces("{a,b}".repeat(12)).length).toBeLessThanOrEqual(64);
    expect(expandBraces("a/{b,c{d,e}}")).toEqual(["a/b", "a/cd", "a/ce"]);
  });
});
