import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { readSettings } from "./read-settings.ts";
import type { MetaWorkflowsSettings } from "./settings.ts";

let folder: string;
beforeEach(() => void (folder = realpathSync(mkdtempSync(join(tmpdir(), "runbook-settings-")))));
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function read(given: { env?: Record<string, string>; config?: string; system?: string }): MetaWorkflowsSettings {
  const path = join(folder, "config.yaml");
  mkdirSync(join(folder, "etc"), { recursive: true, mode: 0o755 });
  if (given.config !== undefined) writeFileSync(path, given.config, { mode: 0o600 });
  if (given.system !== undefined) writeFileSync(join(folder, "etc/policy.yaml"), given.system, { mode: 0o644 });
  return readSettings({
    argv: [],
    env: { ...(given.config === undefined ? {} : { PLATFORM_OPS_CONFIG: path }), ...given.env },
    cwd: join(folder, "project"),
    home: folder,
    platform: "linux",
    systemPolicy: { path: join(folder, "etc/policy.yaml"), owner: process.getuid!() },
  }).settings.meta_workflows;
}

it("without a word: the shipped runbooks, fifty runs, and nothing that may be started", () => {
  expect(read({})).toEqual({
    definitions_path: [],
    max_pending_actions: 50,
    working_directories: [],
    programs: [],
    servers: {},
    variables: [],
    definition_variables: [],
    http_hosts: [],
    secrets: {},
  });
});

it("one folder or several, from where they were said; the names of the source", () => {
  expect(read({ env: { WORKFLOW_DEFINITIONS_PATH: "./workflows/:/srv/runbooks", MAX_PENDING_ACTIONS: "7" } })).toMatchObject({
    definitions_path: [join(folder, "project/workflows"), "/srv/runbooks"],
    max_pending_actions: 7,
  });
  expect(read({ config: "meta_workflows: { definitions_path: runbooks, registry_path: META-WORKFLOWS.md }" })).toMatchObject({
    definitions_path: [join(folder, "runbooks")],
    registry_path: join(folder, "META-WORKFLOWS.md"),
  });
});

it("what may be started comes from files only, and the system's word wins part by part", () => {
  const config = `meta_workflows: { working_directories: [work], programs: [npm, git], servers: { flux: { command: [flux-teleport-mcp], env: [KUBECONFIG] } } }`;
  const env = { PLATFORM_OPS_META_WORKFLOWS_PROGRAMS: "sh" };
  expect(() => read({ config, env })).toThrow(/PLATFORM_OPS_META_WORKFLOWS_PROGRAMS/);
  expect(read({ config, system: "meta_workflows: { programs: [git] }" })).toMatchObject({
    working_directories: [join(folder, "work")],
    programs: ["git"],
    servers: { flux: { command: ["flux-teleport-mcp"], env: ["KUBECONFIG"] } },
  });
});

it("a command is words, never a line for a shell", () => {
  expect(() => read({ config: "meta_workflows: { servers: { flux: { command: flux-teleport-mcp --all } } }" })).toThrow(/command/);
});

it("secrets by where they are, pull requests by where they go", () => {
  const config = `meta_workflows:
  variables: [GOPATH, "CI_*"]
  definition_variables: [REGION]
  http_hosts: ["shop.example.test:8080"]
  secrets: { github_token: { file: token }, other: { env: OTHER } }
  github: { token: github_token, repositories: ["acme/*"] }
`;
  expect(read({ config })).toMatchObject({
    variables: ["GOPATH", "CI_*"],
    definition_variables: ["REGION"],
    http_hosts: ["shop.example.test:8080"],
    secrets: { github_token: { file: join(folder, "token") }, other: { env: "OTHER" } },
    github: { api_url: "https://api.github.com", token: "github_token", repositories: ["acme/*"] },
  });
  for (const wrong of [
    "http_hosts: [http://x]",
    'definition_variables: ["CI_*"]',
    "secrets: { a: { file: x, env: Y } }",
    "github: { token: t }",
    "github: { token: t, repositories: [x] }",
  ])
    expect(() => read({ config: `meta_workflows: { ${wrong} }` }), wrong).toThrow(/meta_workflows/);
});
