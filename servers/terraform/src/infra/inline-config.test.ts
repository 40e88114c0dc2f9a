import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { loadInfra } from "./load-infra.ts";
import { failure, project } from "./project-folder.test-support.ts";

describe("inline", () => {
  it("000-024: with dir, needs no file", async () => {
    const root = project();
    const { config, selected } = await loadInfra({
      config: {
        workspace_root: root,
        workspaces: [{ name: "database", kind: "terraform", dir: "vpc", operations: ["init", "validate", "plan", "apply"] }],
      },
      roots: [root],
      cwd: "/",
    });
    expect(config).toMatchObject({ workspace_root: root, workspaces: [{ name: "database", dir: join(root, "vpc") }] });
    expect(config.config_path).toBeUndefined();
    expect(selected).toEqual(["database"]);
  });

  it("relative, with several roots: the one that has the directories; several are refused", async () => {
    const [a, b] = [project(), project({ "here/main.tf": "" })];
    expect(
      (await loadInfra({ config: { workspaces: [{ name: "x", dir: "here" }] }, roots: [a, b], cwd: "/" })).config.workspaces[0]!.dir,
    ).toBe(join(b, "here"));
    expect((await failure({ config: { workspaces: [{ name: "x", dir: "vpc" }] }, roots: [a, b], cwd: "/" })).message).toContain(
      "found in several roots",
    );
  });

  it("the source's remediation request: without dir, the one infra.yaml that defines it says the rest; only it runs", async () => {
    const root = project();
    const { config, selected, notes } = await loadInfra({
      config: { workspaces: [{ name: "eks", operations: ["init", "validate", "plan", "apply"] }] },
      roots: [root],
      cwd: "/",
    });
    expect(selected).toEqual(["eks"]);
    expect(config.workspaces.find(({ name }) => name === "eks")).toMatchObject({
      dir: join(root, "eks"),
      dependsOn: ["vpc", "subnets"],
      operations: ["init", "validate", "plan", "apply"],
    });
    expect(config.config_path).toBe(join(root, "infra.yaml"));
    expect(notes).toEqual([`What config does not say of eks comes from ${join(root, "infra.yaml")}.`]);
  });

  it("several that define it are refused, naming them; config_path decides", async () => {
    const root = project({ "deep/er/infra.yml": "workspaces: [{name: vpc, dir: vpc}]" });
    const config = { workspaces: [{ name: "vpc", operations: ["init", "validate", "plan"] }] };
    const error = await failure({ config, roots: [root], cwd: "/" });
    expect(error.details["matches"]).toEqual([join(root, "deep/er/infra.yml"), join(root, "infra.yaml")]);
    expect(error.message).toContain("workspace vpc missing dir");
    const loaded = await loadInfra({ config, config_path: "deep/er/infra.yml", roots: [root], cwd: "/" });
    expect(loaded.config.workspaces).toEqual([expect.objectContaining({ name: "vpc", operations: ["init", "validate", "plan"] })]);
  });

  it("none that defines it is refused, as is a name that config_path does not define", async () => {
    const root = project({ "node_modules/x/infra.yaml": "workspaces: [{name: db, dir: vpc}]", "bad/infra.yaml": ":" });
    const error = await failure({ config: { workspaces: [{ name: "db" }] }, roots: [root], cwd: "/" });
    expect(error.message).toMatch(/workspace db missing dir, and no infra.yaml under the allowed roots defines it/);
    expect(
      (await failure({ config: { workspaces: [{ name: "ekss" }] }, config_path: "infra.yaml", roots: [root], cwd: "/" })).message,
    ).toMatch(/workspace ekss missing dir.*did you mean eks/);
  });

  it("000-025: config_path wins where config is complete too, and says so", async () => {
    const root = project();
    const { selected, notes } = await loadInfra({
      config: { workspaces: [{ name: "other", dir: "vpc" }] },
      config_path: "infra.yaml",
      roots: [root],
      cwd: "/",
    });
    expect(selected).toEqual(["vpc", "subnets", "eks"]);
    expect(notes.join()).toContain("config was ignored");
  });

  it.each([
    ["no config at all", undefined, "invalid_input", "Provide config_path or config"],
    ["000-027: a list", [], "invalid_config", "Invalid config format: "],
    ["000-027: a wrong type", { workspaces: [{ name: "a", dir: "vpc", dependsOn: "b" }] }, "invalid_config", "Invalid config format: "],
    [
      "000-028: a cycle",
      { workspaces: [{ name: "a", dir: "vpc", dependsOn: ["a"] }] },
      "invalid_config",
      "Invalid config: dependency cycle",
    ],
    [
      "a rounded number",
      { workspaces: [{ name: "a", dir: "vpc", extraVars: { n: 2 ** 60 } }] },
      "invalid_config",
      "Invalid config format: ",
    ],
  ])("%s is refused", async (_what, config, code, opening) => {
    const error = await failure({ config, roots: [project()], cwd: "/" });
    expect(error.code).toBe(code);
    expect(error.message.startsWith(opening)).toBe(true);
  });
});
