import { mkdirSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { allow, assumedRoots, isInside, realRoots, requireRoots, rootlessHint } from "./paths.ts";
import { projectFolder } from "./project-folder.test-support.ts";

describe("isInside", () => {
  it.each([
    ["/a", "/a", true],
    ["/a", "/a/b", true],
    ["/a", "/ab", false],
    ["/a", "/", false],
    ["/a", "/a/..b", true],
    ["/", "/a", true],
  ])("%s holds %s: %s", (root, path, expected) => expect(isInside(root, path)).toBe(expected));
});

describe("allow", () => {
  it("follows .. and links to where they end", () => {
    const root = projectFolder({ "a/main.tf": "", "b/": "" });
    const outside = projectFolder({ "secret/main.tf": "" });
    symlinkSync(join(root, "a"), join(root, "inside"));
    symlinkSync(join(outside, "secret"), join(root, "out"));
    symlinkSync(join(outside, "not-yet"), join(root, "dangling"));
    symlinkSync(join(root, "loop"), join(root, "loop"));
    const look = (path: string) => allow(path, root, [root]);
    expect(look("a/../b")).toEqual({ path: join(root, "b"), root });
    expect(look("inside")).toEqual({ path: join(root, "a"), root });
    expect(look("a/new/deep")).toEqual({ path: join(root, "a/new/deep"), root });
    expect(look("../x")).toEqual({ refused: expect.stringContaining("leads outside the allowed roots") });
    expect(look("out")).toEqual({ refused: expect.stringContaining("leads outside") });
    expect(look("out/new/deep")).toEqual({ refused: expect.stringContaining("leads outside") });
    expect(look("dangling")).toEqual({ refused: expect.stringContaining("leads nowhere") });
    expect(look("dangling/deeper")).toEqual({ refused: expect.stringContaining("leads nowhere") });
    expect(look("loop")).toEqual({ refused: expect.stringContaining("loop") });
    expect(look("a/main.tf/x")).toEqual({ refused: expect.stringContaining("through a file") });
    expect(look("/etc/passwd")).toEqual({ refused: expect.stringContaining("leads outside") });
  });

  it("a root that is a link counts by where it leads", () => {
    const real = projectFolder({ "a/": "" });
    const root = join(projectFolder(), "link");
    symlinkSync(real, root);
    const roots = realRoots([root, real, join(real, "a"), "/no/such/root"]);
    expect(roots).toEqual([real]);
    expect(allow("a", root, roots)).toEqual({ path: join(real, "a"), root: real });
  });
});

describe("assumedRoots", () => {
  it("takes a project folder, never /, the home folder or what holds it", () => {
    const home = projectFolder({ "work/": "" });
    expect(assumedRoots(join(home, "work"), home)).toEqual([join(home, "work")]);
    expect(assumedRoots(home, home)).toEqual([]);
    expect(assumedRoots("/", home)).toEqual([]);
    expect(assumedRoots(join(home, ".."), home)).toEqual([]);
    mkdirSync(join(home, "real-home"));
    symlinkSync(join(home, "real-home"), join(home, "link"));
    expect(assumedRoots(join(home, "real-home"), join(home, "link"))).toEqual([]);
  });
});

describe("without a root", () => {
  it("the refusal prints the entry to paste", () => {
    const entry = { command: "npx", args: ["-y", "@platform-ops/terraform-mcp"] };
    const hint = rootlessHint(entry);
    const pasted = JSON.parse(hint.slice(hint.indexOf("{"), hint.lastIndexOf("}") + 1)) as {
      mcpServers: Record<string, { args: string[] }>;
    };
    expect(Object.values(pasted.mcpServers)[0]!.args).toEqual([...entry.args, "--root", "/path/to/your/project"]);
    expect(() => requireRoots([], entry)).toThrowError(expect.objectContaining({ code: "path_not_allowed", hint }));
    expect(() => requireRoots(["/a"])).not.toThrow();
  });
});
