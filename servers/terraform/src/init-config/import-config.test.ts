import { symlinkSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { checkDraft } from "../infra/check-draft.ts";
import { checkGraph } from "../infra/check-graph.ts";
import { parseInfraText } from "../infra/infra-text.ts";
import { loadInfra } from "../infra/load-infra.ts";
import { ProblemList } from "../infra/problem-list.ts";
import { projectFolder } from "../infra/project-folder.test-support.ts";
import { collectSources, importConfig } from "./import-config.ts";
import { importAtlantis } from "./from-atlantis.ts";
import { importFolders } from "./from-folders.ts";
import { importTerragrunt } from "./from-terragrunt.ts";

const files = (texts: Record<string, string>) => Object.entries(texts).map(([path, text]) => ({ path, text }));

/** The workspaces of a written text, which must pass every check of a configuration. */
function workspacesOf(yaml: string): Record<string, unknown>[] {
  const { parsed, problems } = parseInfraText(yaml, "yaml");
  const list = new ProblemList();
  checkGraph(checkDraft(parsed.value, list), list);
  expect([...problems, ...list.problems]).toEqual([]);
  return (parsed.value as { workspaces: Record<string, unknown>[] }).workspaces;
}

describe("from folders", () => {
  it("guesses dependencies from terraform_remote_state and leaves modules out", () => {
    const { yaml, notes } = importFolders(
      files({
        "app/main.tf":
          'data "terraform_remote_state" "net" {\n  backend = "local"\n  config = { path = "${path.module}/../network/terraform.tfstate" }\n}\nmodule "m" {\n  source = "../modules/m"\n}\n',
        "app/prod.tfvars": "",
        "app/terraform.tfvars": "",
        "db/main.tf":
          'terraform {\n  backend "s3" {\n    bucket = "b"\n    key    = "db"\n  }\n}\ndata "terraform_remote_state" "gone" {\n  backend = "s3"\n  config = {\n    bucket = "b"\n    key    = "gone"\n  }\n}',
        "network/main.tf":
          'data "terraform_remote_state" "db" {\n  backend = "s3"\n  config = {\n    bucket = "b" # the same\n    key = "db"\n    region = var.region\n  }\n}\n',
        "modules/m/main.tf": "",
        "edge/main.tofu": "",
      }),
    );
    expect(workspacesOf(yaml)).toEqual([
      { name: "db", dir: "db" },
      { name: "edge", kind: "tofu", dir: "edge" },
      { name: "network", dir: "network", dependsOn: ["db"] },
      { name: "app", dir: "app", tfvars: "app/prod.tfvars", dependsOn: ["network"] },
    ]);
    expect(notes).toContainEqual(expect.stringContaining("modules/m"));
    expect(notes).toContainEqual(expect.stringContaining("db: terraform_remote_state.gone (s3)"));
    expect(yaml).toMatch(/^# Written from folders/);
  });

  it("makes names unique and legal", () => {
    const { yaml } = importFolders(files({ "prod/vpc/a.tf": "", "dev/vpc/a.tf": "", "x y/a.tf": "", "-rf/a.tf": "", "main.tf": "" }));
    expect(
      workspacesOf(yaml)
        .map(({ name }) => name)
        .sort(),
    ).toEqual(["dev-vpc", "prod-vpc", "rf", "root", "x-y"]);
  });

  it("says when the dependencies form a loop", () => {
    const reads = (other: string) =>
      `data "terraform_remote_state" "x" {\n  backend = "local"\n  config = { path = "../${other}/terraform.tfstate" }\n}`;
    const { notes, workspaces } = importFolders(files({ "a/a.tf": reads("b"), "b/b.tf": reads("a") }));
    expect(workspaces).toBe(2);
    expect(notes).toContainEqual(expect.stringContaining("a → b → a"));
  });

  it.each([
    ["unclosed", 'module "x" {\n  source = "../'],
    ["binary", "\u0000\u0001{{{}}}]]"],
    ["deep", "a {\n".repeat(5000)],
    ["heredoc", "x = <<EOT\n}\nEOT\n"],
    ["template", 'x = "${"}"}"\n'],
  ])("survives %s text", (_what, text) => {
    expect(workspacesOf(importFolders(files({ "a/main.tf": text })).yaml)).toEqual([{ name: "a", dir: "a" }]);
  });
});

describe("from Terragrunt", () => {
  it("carries dependencies, outputs and literal inputs, and names the rest", () => {
    const { yaml, notes } = importTerragrunt(
      files({
        "terragrunt.hcl": 'remote_state {\n  backend = "s3"\n}\n',
        "vpc/terragrunt.hcl":
          'terraform {\n  source = "../modules/vpc"\n}\ninclude "root" {\n  path = find_in_parent_folders()\n}\ninputs = {\n  cidr = "10.0.0.0/16"\n  zones = ["a", "b"]\n  tags = { team = "x", n = 3 }\n  name = "net-${local.env}"\n}\n',
        "eks/terragrunt.hcl":
          'dependency "vpc" {\n  config_path = "../vpc"\n  mock_outputs = {\n    vpc_id = "m"\n  }\n}\ndependencies {\n  paths = ["../iam", "../gone"]\n}\ninputs = {\n  vpc_id = dependency.vpc.outputs.vpc_id // flows\n  size   = 3\n}\n',
        "eks/main.tf": "",
        "iam/terragrunt.hcl": 'terraform {\n  source = "git::https://example.test/iam.git?ref=v1"\n}\n',
      }),
    );
    expect(workspacesOf(yaml)).toEqual([
      { name: "iam", dir: "iam" },
      { name: "vpc", dir: "modules/vpc", extraVars: { cidr: "10.0.0.0/16", zones: ["a", "b"], tags: { team: "x", n: 3 } } },
      {
        name: "eks",
        dir: "eks",
        dependsOn: ["iam", "vpc"],
        inputs: [{ sourceWorkspace: "vpc", sourceOutput: "vpc_id", targetVar: "vpc_id" }],
        extraVars: { size: 3 },
      },
    ]);
    for (const said of [
      /vpc: not carried over: include/,
      /vpc: inputs whose values are computed.*: name\./,
      /eks: mock_outputs of dependency "vpc"/,
      /"..\/gone" leads to no unit/,
      /iam: its module "git::/,
    ])
      expect(notes).toContainEqual(expect.stringMatching(said));
  });

  it("names units that share a module folder, and so one state", () => {
    const unit = 'terraform {\n  source = "../m"\n}\n';
    expect(importTerragrunt(files({ "a/terragrunt.hcl": unit, "b/terragrunt.hcl": unit })).notes).toContainEqual(
      expect.stringMatching(/^a, b use one module folder, m/),
    );
  });
});

describe("from Atlantis", () => {
  it("carries projects, order and distribution, and leaves other terraform workspaces out", () => {
    const { yaml, notes } = importAtlantis(`version: 3
projects:
  - {name: app, dir: app, depends_on: [network, gone], apply_requirements: [approved]}
  - {name: network, dir: ./network, terraform_distribution: opentofu}
  - {dir: app, workspace: staging}
workflows: {custom: {}}
`);
    expect(workspacesOf(yaml)).toEqual([
      { name: "network", kind: "tofu", dir: "network" },
      { name: "app", dir: "app", dependsOn: ["network"] },
    ]);
    for (const said of [
      /"gone" names no project/,
      /terraform workspace "staging"/,
      /app: not carried over: apply_requirements/,
      /who may approve is the operator's policy/,
      /Custom workflows/,
    ])
      expect(notes).toContainEqual(expect.stringMatching(said));
  });

  it("turns execution_order_group into dependencies", () => {
    const { yaml } = importAtlantis("projects:\n  - {dir: c, execution_order_group: 5}\n  - {dir: a}\n  - {dir: b}\n");
    expect(workspacesOf(yaml)).toEqual([
      { name: "a", dir: "a" },
      { name: "b", dir: "b" },
      { name: "c", dir: "c", dependsOn: ["a", "b"] },
    ]);
  });

  it.each([
    ["no list", "projects: x"],
    ["no YAML", "projects: ["],
    ["a list of text", "projects: [a]"],
  ])("refuses %s", (_what, text) => {
    expect(() => importAtlantis(text)).toThrowError(expect.objectContaining({ code: "invalid_config" }));
  });
});

describe("a project on disk", () => {
  it("is collected, imported by what it has, and the result loads", async () => {
    const root = projectFolder({
      "network/main.tf": "",
      "network/prod.tfvars": 'secret = "s3cr3t"',
      "app/main.tf": 'data "terraform_remote_state" "n" {\n backend = "local"\n config = { path = "../network/terraform.tfstate" }\n}',
      "app/.terraform/modules/x/main.tf": "",
    });
    symlinkSync("/etc", join(root, "etc"));
    const { files: found, truncated } = await collectSources(root);
    expect(truncated).toBe(false);
    expect(found.map(({ path }) => path).sort()).toEqual(["app/main.tf", "network/main.tf", "network/prod.tfvars"]);
    expect(JSON.stringify(found)).not.toContain("s3cr3t");
    const { yaml, origin } = importConfig(found);
    expect(origin).toBe("folders");
    const made = projectFolder({ "infra.yaml": yaml, "network/main.tf": "", "network/prod.tfvars": "", "app/main.tf": "" });
    expect((await loadInfra({ config_path: "infra.yaml", roots: [made], cwd: "/" })).selected).toEqual(["network", "app"]);
  });

  it("of a folder below the root says where its paths start", async () => {
    const { yaml } = importConfig(files({ "network/main.tf": "" }), "folders", "envs/staging");
    const root = projectFolder({ "envs/staging/infra.yaml": yaml, "envs/staging/network/main.tf": "" });
    const { config } = await loadInfra({ config_path: "envs/staging/infra.yaml", roots: [root], cwd: "/" });
    expect(config.workspaces[0]!.dir).toBe(join(root, "envs/staging/network"));
  });

  it("chooses by what is there, and refuses an empty folder", async () => {
    expect(importConfig(files({ "atlantis.yaml": "projects: [{dir: a}]", "a/terragrunt.hcl": "" })).origin).toBe("atlantis");
    expect(importConfig(files({ "a/terragrunt.hcl": 'terraform {\n source = "../m"\n}', "m/a.tf": "" })).origin).toBe("terragrunt");
    expect(() => importConfig(files({ "readme.md": "" }))).toThrowError(expect.objectContaining({ code: "not_found" }));
    expect(() => importConfig(files({ "a/a.tf": "" }), "atlantis")).toThrowError(expect.objectContaining({ code: "not_found" }));
  });

  it("the example's modules folder is no workspace", async () => {
    const { files: found } = await collectSources(join(import.meta.dirname, "../../../../examples/three-tier"));
    expect(workspacesOf(importConfig(found).yaml).map(({ name }) => name)).toEqual(["cluster", "network", "service", "subnets"]);
  });
});
