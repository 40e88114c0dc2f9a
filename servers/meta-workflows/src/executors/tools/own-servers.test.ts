import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { ownServerCommand } from "./own-servers.ts";

let root = "";
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "own-servers-"));
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

function file(path: string, mode = 0o755): string {
  const whole = join(root, path);
  mkdirSync(dirname(whole), { recursive: true });
  writeFileSync(whole, "");
  chmodSync(whole, mode);
  return whole;
}
const command = (dist: string, path = ""): readonly string[] => ownServerCommand("terraform", { dist: join(root, dist), path });

describe("one of our servers", () => {
  it("is found in the same checkout", () => {
    file("pnpm-workspace.yaml");
    const bin = file("servers/terraform/dist/bin.js", 0o644);
    expect(command("servers/meta-workflows/dist")).toEqual([process.execPath, bin]);
  });

  it("is found in the node_modules that this server lies in, also where the package manager has a store of its own", () => {
    const bin = file("app/node_modules/@platform-ops/terraform-mcp/dist/bin.js", 0o644);
    expect(command("app/node_modules/@platform-ops/meta-workflows-mcp/dist")).toEqual([process.execPath, bin]);
    expect(command("app/node_modules/.pnpm/m@1/node_modules/@platform-ops/meta-workflows-mcp/dist")).toEqual([process.execPath, bin]);
    expect(() => command("other/node_modules/@platform-ops/meta-workflows-mcp/dist")).toThrow("not installed");
  });

  it("is found by its program in .bin, then on PATH; never in a folder that PATH names relatively", () => {
    const onPath = file("usr/bin/terraform-mcp");
    expect(command("app/node_modules/@platform-ops/meta-workflows-mcp/dist", join(root, "usr/bin"))).toEqual([onPath]);
    const inBin = file("app/node_modules/.bin/terraform-mcp");
    expect(command("app/node_modules/@platform-ops/meta-workflows-mcp/dist", join(root, "usr/bin"))).toEqual([inBin]);
    expect(() => command("elsewhere/dist", "usr/bin:.")).toThrow("not installed");
  });

  it("is no folder, no dead link and nothing that may not be run", () => {
    mkdirSync(join(root, "bin/terraform-mcp"), { recursive: true });
    expect(() => command("dist", join(root, "bin"))).toThrow("not installed");
    mkdirSync(join(root, "links"));
    symlinkSync("/nowhere/at/all", join(root, "links/terraform-mcp"));
    expect(() => command("dist", join(root, "links"))).toThrow("not installed");
  });

  it("that is missing is told with the one command that brings it", () => {
    const thrown = (dist: string): unknown => {
      try {
        return command(dist);
      } catch (error) {
        return error;
      }
    };
    expect(thrown("app/node_modules/@platform-ops/meta-workflows-mcp/dist")).toMatchObject({
      code: "program_missing",
      hint: expect.stringContaining("npm install --global @platform-ops/terraform-mcp"),
    });
    file("pnpm-workspace.yaml");
    expect(thrown("servers/meta-workflows/dist")).toMatchObject({ hint: expect.stringContaining(`npm --prefix ${root} run setup`) });
  });
});
