import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { describeInfra, describeMissing } from "./describe-infra.ts";
import { listInfra } from "./list-infra.ts";
import { loadInfra } from "./load-infra.ts";
import { project, projectFolder } from "./project-folder.test-support.ts";

describe("what list_workflows answers", () => {
  it("000-015…017: has the keys of the source, in its order", async () => {
    const root = project();
    const { config, written } = await loadInfra({ config_path: "infra.yaml", roots: [root], cwd: "/" });
    const described = describeInfra(config, written);
    expect(Object.keys(described)).toEqual(["config_path", "workspace_root", "workflows"]);
    expect(described).toMatchObject({
      config_path: "infra.yaml",
      workspace_root: ".",
      workflows: [{ name: "ParentWorkflow", workspace_count: 3 }],
    });
    expect(described.workflows[0]!.configured_workspaces).toEqual([
      { name: "eks", kind: "terraform", dir: join(root, "eks"), dependsOn: ["vpc", "subnets"], operations: ["init", "validate", "plan"] },
      {
        name: "vpc",
        kind: "terraform",
        dir: join(root, "vpc"),
        dependsOn: [],
        operations: ["init", "validate", "plan", "apply"],
        tfvars: join(root, "vpc/vpc.tfvars"),
        taskQueue: "heavy",
      },
      {
        name: "subnets",
        kind: "terraform",
        dir: join(root, "subnets"),
        dependsOn: ["vpc"],
        operations: ["init", "validate", "plan", "apply"],
      },
    ]);
  });

  it("000-018: keeps the source's words for a missing file", () => {
    const { error, input_schema } = describeMissing("infra.yaml");
    expect(error).toBe("Config file not found: infra.yaml. Using default schema.");
    expect(Object.keys(input_schema)).toEqual(["workspace_root", "workspaces"]);
  });

  it("000-020: a glob lists every environment, a bad one in its place", async () => {
    const root = projectFolder({
      "staging/infra.yaml": "workspaces: [{name: a, dir: staging}]",
      "staging/main.tf": "",
      "production/infra.yaml": "workspaces: [{name: a, dirr: production}]",
    });
    const { configs, truncated } = await listInfra({ pattern: "*/infra.yaml", roots: [root], cwd: "/" });
    expect(truncated).toBe(false);
    expect(configs.map(({ config_path }) => config_path)).toEqual(["production/infra.yaml", "staging/infra.yaml"]);
    expect(configs[0]).toMatchObject({ failure: { code: "invalid_config" } });
    expect(configs[1]).toMatchObject({ loaded: { selected: ["a"], written: { config_path: "staging/infra.yaml" } } });
  });
});

describe("the examples of this repository", () => {
  const examples = join(import.meta.dirname, "../../../../examples");
  it("load", async () => {
    const { selected, notes } = await loadInfra({ config_path: "infra.yaml", roots: [join(examples, "three-tier")], cwd: "/" });
    expect(selected).toEqual(["network", "subnets", "cluster", "service"]);
    expect(notes).toEqual([]);
    const { configs } = await listInfra({ pattern: "*/infra.yaml", roots: [join(examples, "environments")], cwd: "/" });
    expect(configs.map((config) => "loaded" in config && [config.config_path, config.loaded.selected])).toEqual([
      ["production/infra.yaml", ["network", "app"]],
      ["staging/infra.yaml", ["network", "app"]],
    ]);
  });
});
