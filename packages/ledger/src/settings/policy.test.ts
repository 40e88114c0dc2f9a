import { describe, expect, it } from "vitest";
import { temporaryPolicy } from "../testing.ts";
import { matchesGlob, matchesPathGlob } from "./glob.ts";
import { type Environment, autoAllows, environmentOf } from "./policy.ts";
import { suggestion } from "./suggestion.ts";

const PROD: Environment = {
  name: "prod",
  match: { config_paths: ["envs/prod/**", "/srv/live/*.yaml"], clusters: ["prod-*"] },
  protected: true,
  channels: ["signed"],
};
const STAGING: Environment = {
  name: "staging",
  match: { config_paths: ["**/staging/**"], clusters: ["staging"], nodes: ["db-?"] },
  protected: false,
  channels: ["cli"],
};
const DEV: Environment = { name: "dev", match: { config_paths: ["envs/**"] }, protected: false, channels: ["elicit", "cli", "auto"] };
const policy = temporaryPolicy([PROD, STAGING, DEV], {
  auto: [{ environments: ["dev", "prod"], workspaces: ["app-*"], changes: ["create"] }],
});

describe("globs", () => {
  it.each([
    ["*", "a", true],
    ["*", "a/b", false],
    ["**", "a/b", true],
    ["a?c", "abc", true],
    ["a?c", "a/c", false],
    ["{a,b}*", "bx", true],
    ["{a,b}*", "cx", false],
    ["a/**/b", "a/b", true],
    ["a/**/b", "a/x/y/b", true],
    ["a/**/b", "axb", false],
    ["a.c", "abc", false],
    ["", "", true],
    ["prod-*", "prod-", true],
    ["prod-*", "xprod-1", false],
    ["a/**", "a/b/c", true],
    ["a/**", "ab", false],
  ])("%j on %j: %s", (glob, text, expected) => expect(matchesGlob(glob, text)).toBe(expected));

  it.each([
    ["prod/**", "/x/prod/infra.yaml", true],
    ["prod/**", "/x/prod", true],
    ["prod/**", "/x/nonprod/infra.yaml", false],
    ["/prod/**", "/x/prod/a", false],
    ["**/infra.yaml", "/infra.yaml", true],
    ["infra.yaml", "/a/b/infra.yaml", true],
  ])("path %j on %j: %s", (glob, path, expected) => expect(matchesPathGlob(glob, path)).toBe(expected));

  it("take bounded work for any pattern", () => {
    expect(matchesGlob("*a".repeat(140), "a".repeat(3000) + "b")).toBe(false);
    expect(matchesGlob("{a,b}".repeat(50), "a".repeat(50))).toBe(false);
  });
});

describe("the environment of a target", () => {
  it.each([
    [{ config_path: "/home/a/envs/prod/infra.yaml" }, "prod"],
    [{ config_path: "/home/a/envs/x/staging/infra.yaml" }, "staging"],
    [{ config_path: "/home/a/envs/dev/infra.yaml" }, "dev"],
    [{ config_path: "/home/a/infra.yaml" }, "default"],
    [{ config_path: "/srv/live/a.yaml" }, "prod"],
    [{ workspace_root: "/home/a/envs/dev" }, "dev"],
    [{ workspace_root: "/home/a/envs/prod" }, "prod"],
    [{ workspace_root: "/elsewhere" }, "prod"],
    [{}, "prod"],
    [{ cluster: "prod-1", node: "x" }, "prod"],
    [{ cluster: "staging", node: "db-1" }, "staging"],
    [{ cluster: "staging", node: "web" }, "default"],
    [{ cluster: "other" }, "default"],
  ])("%j is %s", (target, name) => expect(environmentOf(policy, target).name).toBe(name));

  it("cannot be left by putting the configuration elsewhere", () => {
    expect(environmentOf(policy, { config_path: "/home/a/envs/dev/infra.yaml", workspace_root: "/home/a/envs/prod" }).name).toBe("prod");
    expect(
      environmentOf(policy, { config_path: "/home/a/infra.yaml", workspace_root: "/home/a", dirs: ["/home/a/envs/prod/vpc"] }).name,
    ).toBe("prod");
    expect(environmentOf(policy, { config_path: "/home/a/envs/prod/infra.yaml", workspace_root: "/home/a/envs/dev" }).name).toBe("prod");
  });

  it("is not lent to folders that nobody put into it", () => {
    const dev = "/home/a/envs/dev/infra.yaml";
    expect(environmentOf(policy, { config_path: dev, workspace_root: "/home/a/envs/dev", dirs: ["/home/a/envs/dev/vpc"] }).name).toBe(
      "dev",
    );
    expect(environmentOf(policy, { config_path: dev, workspace_root: "/home/a/envs/dev", dirs: ["/home/a/live/vpc"] }).name).toBe(
      "default",
    );
    expect(environmentOf(policy, { config_path: dev, workspace_root: "/home/a/live", dirs: ["/home/a/live/vpc"] }).name).toBe("default");
    expect(environmentOf(policy, { workspace_root: "/home/a/envs/dev", dirs: ["/home/a/live/vpc"] }).name).toBe("prod");
    // A file that is matched by its own name takes what lies beside it along.
    expect(environmentOf(policy, { config_path: "/srv/live/a.yaml", workspace_root: "/srv/live", dirs: ["/srv/live/vpc"] }).name).toBe(
      "prod",
    );
  });
});

describe("what the policy approves itself", () => {
  it.each([
    ["dev", "app-1", ["create"], true],
    ["dev", "app-1", ["create", "update"], false],
    ["dev", "db", ["create"], false],
    ["prod", "app-1", ["create"], false],
    ["staging", "app-1", ["create"], false],
    ["mars", "app-1", ["create"], false],
    ["dev", "app-1", [], false],
  ] as const)("in %s, %s, %j: %s", (environment, workspace, changes, expected) =>
    expect(autoAllows(policy, { environment, workspace, changes })).toBe(expected),
  );
});

describe("a suggestion", () => {
  it.each([
    ["prot", "port"],
    ["paralelism", "parallelism"],
    ["xyz", undefined],
    ["READ_ONLY", "read_only"],
  ])("for %s is %s", (typed, meant) => {
    expect(suggestion(typed, ["port", "parallelism", "read_only"])).toBe(meant);
  });
});
