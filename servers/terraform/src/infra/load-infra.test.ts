import { execFileSync } from "node:child_process";
import { mkdirSync, symlinkSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it, onTestFinished, vi } from "vitest";
import { loadInfra } from "./load-infra.ts";
import { failure, INFRA, project, projectFolder } from "./project-folder.test-support.ts";

describe("a file", () => {
  it("000-051…062: is loaded with absolute paths, in file order, and selected in the order of the graph", async () => {
    const root = project();
    const { config, selected, written } = await loadInfra({ config_path: "infra.yaml", roots: [root], cwd: "/" });
    expect(config.config_path).toBe(join(root, "infra.yaml"));
    expect(config.workspace_root).toBe(root);
    expect(config.workspaces.map(({ name }) => name)).toEqual(["eks", "vpc", "subnets"]);
    expect(selected).toEqual(["vpc", "subnets", "eks"]);
    expect(config.workspaces[2]).toEqual({
      name: "subnets",
      kind: "terraform",
      dir: join(root, "subnets"),
      dependsOn: ["vpc"],
      inputs: [{ sourceWorkspace: "vpc", sourceOutput: "vpc_id", targetVar: "vpc_id" }],
      operations: ["init", "validate", "plan", "apply"],
      extraVars: { size: 2 },
    });
    expect(config.workspaces[1]).toMatchObject({ tfvars: join(root, "vpc/vpc.tfvars"), taskQueue: "heavy" });
    expect(written).toEqual({ config_path: "infra.yaml", workspace_root: "." });
  });

  it.each(["infra.json", "infra.conf", "infra"])("000-051: %s is read as JSON", async (name) => {
    const root = project({ [name]: '{"workspaces": [{"name": "vpc", "dir": "vpc"}]}' });
    expect((await loadInfra({ config_path: name, roots: [root], cwd: "/" })).selected).toEqual(["vpc"]);
  });

  it("000-052: relative paths start at the working directory inside the root, else at the root", async () => {
    const root = projectFolder({
      "infra.yaml": "workspaces: [{name: a, dir: a}]",
      "a/main.tf": "",
      "sub/a/main.tf": "",
      "sub/deep.yaml": "workspace_root: ..\nworkspaces: [{name: a, dir: a}]",
    });
    const dir = async (cwd: string, config_path = join(root, "infra.yaml")) =>
      (await loadInfra({ config_path, roots: [root], cwd })).config.workspaces[0]!.dir;
    expect(await dir("/")).toBe(join(root, "a"));
    expect(await dir(join(root, "sub"))).toBe(join(root, "sub/a"));
    expect(await dir(join(root, "sub"), "deep.yaml")).toBe(join(root, "a"));
    expect((await failure({ config_path: "sub/deep.yaml", roots: [root], cwd: "/" })).code).toBe("path_not_allowed");
  });

  it("is read again after a change", async () => {
    const root = project();
    const names = async () =>
      (await loadInfra({ config_path: "infra.yaml", roots: [root], cwd: "/" })).config.workspaces.map(({ name }) => name);
    // Long after the file was written, so that what was parsed is kept.
    vi.useFakeTimers({ toFake: ["Date"], now: Date.now() + 60_000 });
    onTestFinished(() => void vi.useRealTimers());
    expect(await names()).toEqual(await names());
    writeFileSync(join(root, "infra.yaml"), INFRA.replaceAll("eks\n", "k8s\n").replace("dir: k8s", "dir: eks"));
    expect(await names()).toEqual(["k8s", "vpc", "subnets"]);
  });

  it("is found against each root; several matches are refused, naming them", async () => {
    const [a, b] = [project(), project({ "only-here.yaml": "workspaces: [{name: vpc, dir: vpc}]" })];
    expect((await loadInfra({ config_path: "only-here.yaml", roots: [a, b], cwd: "/" })).config.workspaces[0]!.dir).toBe(join(b, "vpc"));
    const error = await failure({ config_path: "infra.yaml", roots: [a, b], cwd: "/" });
    expect(error.code).toBe("invalid_config");
    expect(error.details["matches"]).toEqual([join(a, "infra.yaml"), join(b, "infra.yaml")]);
  });
});

describe("a bad file", () => {
  it("000-018, 000-084: not there, with what is near", async () => {
    const root = project();
    const error = await failure({ config_path: "infra.yml", roots: [root], cwd: "/" });
    expect(error).toMatchObject({
      code: "config_not_found",
      message: "Failed to load config: failed to read config file: infra.yml is not there. Did you mean infra.yaml?",
    });
    expect(error.hint).toContain(root);
  });

  it("a directory, a named pipe, more than 1 MB", async () => {
    const root = project({ "dir.yaml/": "", "big.yaml": "" });
    truncateSync(join(root, "big.yaml"), 5 * 1024 * 1024);
    execFileSync("mkfifo", [join(root, "pipe.yaml")]);
    const of = (config_path: string) => failure({ config_path, roots: [root], cwd: "/" });
    expect((await of("dir.yaml")).message).toMatch(/is a directory/);
    expect((await of("pipe.yaml")).message).toMatch(/no ordinary file/);
    expect(await of("big.yaml")).toMatchObject({ code: "too_large" });
  });

  it("000-084: syntax, with line and column", async () => {
    const root = project({ "bad.yaml": "workspaces:\n\t- name: a\n", "bad.json": "{\n  workspaces: []\n}" });
    const yaml = await failure({ config_path: "bad.yaml", roots: [root], cwd: "/" });
    expect(yaml.message).toMatch(/^Failed to load config: invalid YAML config: .*line 2/);
    expect((await failure({ config_path: "bad.json", roots: [root], cwd: "/" })).message).toMatch(
      /^Failed to load config: invalid JSON config: .*line 2, column 3/,
    );
  });

  it("000-019: all problems are in one message, each with its place", async () => {
    const root = project({
      "bad.yaml": "workspaces:\n  - {name: a, dir: nope, kindd: x}\n  - {name: b, dir: /etc}\n  - {name: c, dir: vpc, dependsOn: [a, q]}\n",
    });
    const error = await failure({ config_path: "bad.yaml", roots: [root], cwd: "/" });
    expect(error.message).toMatch(/^Invalid config: 4 problems\n/);
    expect(error.message).toContain("unknown key 'kindd' in workspace a");
    expect(error.message).toContain("(did you mean kind?) [workspaces[0].kindd, line 2, column 26]");
    expect(error.details["problems"]).toHaveLength(4);
  });
});

describe("paths of workspaces", () => {
  const refusal = async (workspace: string, files: Record<string, string> = {}) => {
    const root = project({ "bad.yaml": `workspaces: [${workspace}]`, ...files });
    const outside = projectFolder({ "main.tf": "", "x.tfvars": "" });
    symlinkSync(outside, join(root, "out"));
    mkdirSync(join(root, "linked"));
    symlinkSync(join(outside, "main.tf"), join(root, "linked", "main.tf"));
    return failure({ config_path: "bad.yaml", roots: [root], cwd: "/" });
  };

  it.each([
    ["../ that leaves", "{name: a, dir: ../x}", "path_not_allowed", /leads outside the allowed roots/],
    ["a link out", "{name: a, dir: out}", "path_not_allowed", /leads outside the allowed roots/],
    ["a .tf that is a link out", "{name: a, dir: linked}", "path_not_allowed", /symbolic link that is refused/],
    ["tfvars outside", "{name: a, dir: vpc, tfvars: out/x.tfvars}", "path_not_allowed", /tfvars .*leads outside/],
    ["an absolute path outside", "{name: a, dir: /etc}", "path_not_allowed", /leads outside/],
    ["a directory that is not there", "{name: a, dir: nope}", "invalid_config", /dir nope is not there/],
    ["a file as directory", "{name: a, dir: infra.yaml}", "invalid_config", /is no directory/],
    ["a directory without .tf", "{name: a, dir: empty}", "invalid_config", /has no \.tf file/],
    ["only .tofu for terraform", "{name: a, dir: tofu}", "invalid_config", /use kind: tofu/],
    ["tfvars that are not there", "{name: a, dir: vpc, tfvars: no.tfvars}", "invalid_config", /tfvars file invalid/],
  ])("%s is refused", async (_what, workspace, code, message) => {
    const error = await refusal(workspace, { "empty/readme.md": "", "tofu/main.tofu": "" });
    expect(error.code).toBe(code);
    expect(error.message).toMatch(message);
  });

  it.each([["main.tf.json"], ["main.tofu"], ["main.tofu.json"]])("kind tofu takes a directory with %s", async (name) => {
    const root = projectFolder({ [`a/${name}`]: "", "infra.yaml": "workspaces: [{name: a, dir: a, kind: tofu}]" });
    expect((await loadInfra({ config_path: "infra.yaml", roots: [root], cwd: "/" })).config.workspaces[0]!.kind).toBe("tofu");
  });

  it("a path that goes up and comes back, or a link inside, is fine", async () => {
    const root = project({ "ok.yaml": "workspaces: [{name: a, dir: vpc/../eks}, {name: b, dir: link}]" });
    symlinkSync(join(root, "vpc"), join(root, "link"));
    const { config } = await loadInfra({ config_path: "ok.yaml", roots: [root], cwd: "/" });
    expect(config.workspaces.map(({ dir }) => dir)).toEqual([join(root, "eks"), join(root, "vpc")]);
  });

  it("tells who expected directories to start at the file", async () => {
    const root = projectFolder({ "staging/infra.yaml": "workspaces: [{name: a, dir: a}]", "staging/a/main.tf": "" });
    expect((await failure({ config_path: "staging/infra.yaml", roots: [root], cwd: "/" })).message).toContain(
      `workspace_root: ${join(root, "staging")} would find it`,
    );
  });

  it("no root, or none that exists, is refused", async () => {
    expect(await failure({ config_path: "infra.yaml", roots: [], cwd: "/" })).toMatchObject({
      code: "path_not_allowed",
      hint: expect.stringContaining("--root"),
    });
    expect((await failure({ config_path: "infra.yaml", roots: ["/no/such/root"], cwd: "/" })).message).toContain("/no/such/root");
  });

  it("config_path itself stays inside", async () => {
    const root = project();
    symlinkSync("/etc", join(root, "etc"));
    for (const config_path of ["/etc/passwd", "../../etc/passwd", "etc/passwd"])
      expect((await failure({ config_path, roots: [root], cwd: "/" })).code).toBe("path_not_allowed");
  });
});

describe("only", () => {
  it("selects; what is neither run nor read from need not be on the disk", async () => {
    const root = project({ "infra.yaml": `${INFRA}  - {name: elsewhere, dir: gone}\n` });
    const load = (only: string[]) => loadInfra({ config_path: "infra.yaml", only, roots: [root], cwd: "/" });
    expect((await load(["eks", "vpc"])).selected).toEqual(["vpc", "eks"]);
    expect((await load(["subnets"])).config.workspaces.map(({ name }) => name)).toEqual(["vpc", "subnets"]);
    await expect(load(["elsewhere"])).rejects.toMatchObject({ code: "invalid_config" });
  });

  it("refuses names that are not defined, and an empty list", async () => {
    const root = project();
    expect((await failure({ config_path: "infra.yaml", only: ["ek"], roots: [root], cwd: "/" })).message).toContain(
      "'ek' (did you mean eks?)",
    );
    expect((await failure({ config_path: "infra.yaml", only: [], roots: [root], cwd: "/" })).code).toBe("invalid_input");
  });
});
