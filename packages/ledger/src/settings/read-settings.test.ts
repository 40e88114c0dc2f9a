import { chmod, mkdir, mkdtemp, realpath, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { isOpsError } from "@platform-ops/errors";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { settingsJsonSchema, settingsTable } from "./definitions.ts";
import type { SettingProblem } from "./problems.ts";
import { readSettings, surveySettings } from "./read-settings.ts";
import type { Effective } from "./settings.ts";

let folder: string;

beforeEach(async () => {
  folder = await realpath(await mkdtemp(join(tmpdir(), "settings-")));
});
afterEach(async () => rm(folder, { recursive: true, force: true }));

interface Given {
  argv?: string[];
  env?: Record<string, string>;
  config?: string;
  system?: string;
}

/** Reads settings from files with these texts, beside these flags and variables. */
async function read({ argv = [], env = {}, config, system }: Given): Promise<Effective> {
  const path = join(folder, "config.yaml");
  if (config !== undefined) await writeFile(path, config, { mode: 0o600 });
  await mkdir(join(folder, "etc"), { recursive: true, mode: 0o755 });
  if (system !== undefined) await writeFile(join(folder, "etc/policy.yaml"), system, { mode: 0o644 });
  return readSettings({
    argv,
    env: { ...(config === undefined ? {} : { PLATFORM_OPS_CONFIG: path }), ...env },
    cwd: folder,
    home: folder,
    platform: "linux",
    systemPolicy: { path: join(folder, "etc/policy.yaml"), owner: process.getuid!() },
  });
}

async function problems(given: Given): Promise<SettingProblem[]> {
  try {
    await read(given);
  } catch (error) {
    if (isOpsError(error) && error.code === "settings_invalid") return error.details["problems"] as SettingProblem[];
    throw error;
  }
  return [];
}

describe("ordinary settings", () => {
  it("work without any configuration", async () => {
    const { settings, policy, origin, rest } = await read({});
    expect(settings).toMatchObject({
      home: join(folder, ".local/share/platform-ops"),
      configFile: undefined,
      logging: { level: "info" },
      temporal: { namespace: "default", workers: "local", idle_minutes: 30, worker_grace_seconds: 0 },
      terraform: { roots: [], parallelism: 4, approval_hours: 72 },
      read_only: false,
    });
    expect(settings.temporal.address).toBeUndefined();
    expect(policy.environments).toEqual([{ name: "default", match: {}, protected: false, channels: ["elicit", "cli"] }]);
    expect(policy.roots).toBeUndefined();
    expect(new Set(Object.values(origin))).toEqual(new Set(["default"]));
    expect(rest).toEqual([]);
  });

  it("go flag > environment > file > default, and tell where they came from", async () => {
    const config = "terraform: { parallelism: 2 }\n";
    const env = { PLATFORM_OPS_TERRAFORM_PARALLELISM: "3" };
    const file = await read({ config });
    expect([file.settings.terraform.parallelism, file.origin["terraform.parallelism"]]).toEqual([2, `file ${join(folder, "config.yaml")}`]);
    const variable = await read({ config, env });
    expect([variable.settings.terraform.parallelism, variable.origin["terraform.parallelism"]]).toEqual([
      3,
      "env PLATFORM_OPS_TERRAFORM_PARALLELISM",
    ]);
    for (const argv of [["--terraform.parallelism=5"], ["--terraform-parallelism", "5"], ["--terraform_parallelism=5"]]) {
      const flag = await read({ config, env, argv });
      expect([flag.settings.terraform.parallelism, flag.origin["terraform.parallelism"]]).toEqual([5, `flag ${argv[0]!.split("=")[0]}`]);
    }
  });

  it.each([
    ["TEMPORAL_HOST", "example.com:7000", "example.com:7000"],
    ["TEMPORAL_ADDRESS", "example.com", "example.com:7233"],
    ["PLATFORM_OPS_TEMPORAL_ADDRESS", "[::1]:7", "[::1]:7"],
    ["TEMPORAL_ADDRESS", "", undefined],
    ["TEMPORAL_ADDRESS", "local", undefined],
  ])("take %s=%s", async (name, value, address) => {
    expect((await read({ env: { [name]: value } })).settings.temporal.address).toBe(address);
  });

  it("take the names of the source for namespace, queue and level", async () => {
    const env = { TEMPORAL_NAMESPACE: "ops", TEMPORAL_TASK_QUEUE: "mcp-other", LOG_LEVEL: "DEBUG" };
    const { temporal, logging } = (await read({ env })).settings;
    expect([temporal.namespace, temporal.task_queue, logging.level]).toEqual(["ops", "mcp-other", "debug"]);
    expect((await read({})).settings.temporal).toMatchObject({ namespace: "default" });
    const levelOf = async (word: string): Promise<string> => (await read({ env: { LOG_LEVEL: word } })).settings.logging.level;
    expect(await Promise.all(["INFO", "Warning", "CRITICAL", "ERROR", "warn"].map(levelOf))).toEqual([
      "info",
      "warn",
      "error",
      "error",
      "warn",
    ]);
    await expect(levelOf("constructor")).rejects.toThrow("refused");
  });

  it("leave a subcommand its arguments", async () => {
    const { rest, settings } = await read({
      argv: ["--log-level", "debug", "approve", "apr_1", "--reason", "because", "--log-level=warn", "--", "--root", "x"],
    });
    expect(rest).toEqual(["approve", "apr_1", "--reason", "because", "--", "--root", "x"]);
    expect(settings.logging.level).toBe("warn");
  });

  it("resolve paths: ~ is home, others lie beside the file or in the working directory", async () => {
    const { settings } = await read({ config: "terraform: { terraform_path: bin/tf, tofu_path: ~/tofu }", argv: ["--temporal.binary=t"] });
    expect([settings.terraform.terraform_path, settings.terraform.tofu_path, settings.temporal.binary]).toEqual([
      join(folder, "bin/tf"),
      join(folder, "tofu"),
      join(folder, "t"),
    ]);
  });

  it("know booleans in all their spellings", async () => {
    for (const word of ["1", "true", "TRUE", "yes", "on"])
      expect((await read({ env: { TEMPORAL_TLS: word } })).settings.temporal.tls?.enabled).toBe(true);
    expect(await problems({ env: { TEMPORAL_TLS: "maybe" } })).toMatchObject([{ setting: "temporal.tls.enabled" }]);
  });
});

describe("problems", () => {
  it("come all at once, each with its place and what was meant", async () => {
    const found = await problems({
      config:
        "temporal:\n  prot: 1\n  workers: nobody\nterraform: { paralelism: 4 }\nenvironments:\n  - { name: prod, protected: true, channels: [cli], match: { nodes: ['[ab]'] } }\nloging: {}\n",
      env: { LOG_LEVEL: "loud", PLATFORM_OPS_REDONLY: "1", PLATFORM_OPS_TEMPORAL_PORT: "many" },
      argv: ["--tempral.port=4", "--terraform.parallelism", "--read-only"],
    });
    const file = join(folder, "config.yaml");
    expect(found.map(({ setting, from }) => [setting, from])).toEqual(
      [
        ["tempral.port", "flag --tempral.port"],
        ["terraform.parallelism", "flag --terraform.parallelism"],
        ["PLATFORM_OPS_REDONLY", "env PLATFORM_OPS_REDONLY"],
        ["loging", `file ${file}:7`],
        ["temporal.workers", `file ${file}:3`],
        ["temporal.prot", `file ${file}:2`],
        ["terraform.paralelism", `file ${file}:4`],
        ["environments.0.match.nodes.0", `file ${file}:6`],
        ["logging.level", "env LOG_LEVEL"],
        ["temporal.port", "env PLATFORM_OPS_TEMPORAL_PORT"],
      ].sort((a, b) => found.findIndex((each) => each.setting === a[0]) - found.findIndex((each) => each.setting === b[0])),
    );
    const said = found.map(({ message }) => message).join("\n");
    for (const word of ["temporal.port", "PLATFORM_OPS_READ_ONLY", "port", "parallelism", "logging"])
      expect(said).toContain(`Did you mean "${word}"?`);
  });

  it("between sections are found although another section is broken", async () => {
    const config =
      "loging: {}\nenvironments: [{ name: prod, match: { nodes: [p] }, protected: true, channels: [cli] }]\napprovals: { auto: [{ environments: [prd], workspaces: ['*'], changes: [create] }] }\n";
    expect((await problems({ config })).map(({ setting }) => setting)).toEqual([
      "loging",
      "environments.0.channels",
      "approvals.auto.0.environments.0",
    ]);
  });

  it("never show a secret", async () => {
    const found = await problems({ env: { TEMPORAL_API_KEY: "hunter2".repeat(4000) }, argv: ["--temporal.api-key=hunter2"] });
    expect(found).toHaveLength(2);
    expect(JSON.stringify(found)).not.toContain("hunter2");
  });

  it.each([
    ["api key without TLS", { env: { TEMPORAL_API_KEY: "k", TEMPORAL_TLS: "false" } }, "temporal.tls.enabled"],
    ["certificate without key", { env: { TEMPORAL_TLS_CLIENT_CERT_PATH: "/c" } }, "temporal.tls.client_key_path"],
    ["more hours than the policy gives", { argv: ["--terraform.approval-hours=73"] }, "terraform.approval_hours"],
    ["a configuration file that is not there", { argv: ["--config=/nowhere/x.yaml"] }, "configFile"],
    ["a root that is not there", { argv: ["--root", "/nowhere"] }, "terraform.roots"],
  ])("tell of %s", async (_, given, setting) => {
    expect((await problems(given)).map((problem) => problem.setting)).toEqual([setting]);
  });
});

describe("the policy", () => {
  const roots = async (): Promise<void> => {
    for (const name of ["a/inner", "b"]) await mkdir(join(folder, name), { recursive: true });
  };

  it("is narrowed by flags and environment, never widened", async () => {
    await roots();
    const config = "terraform: { roots: [a, b], env: ['AWS_*'] }\ntoolsets: [runs, plans]\n";
    const { settings, policy, origin } = await read({
      config,
      argv: ["--root", "a/inner", "--toolsets=plans", "--terraform.env=AWS_PROFILE", "--read-only"],
    });
    expect(policy).toMatchObject({ roots: [join(folder, "a/inner")], toolsets: ["plans"], read_only: true });
    expect(settings.terraform).toMatchObject({ roots: [join(folder, "a/inner")], env: ["AWS_PROFILE"] });
    expect(origin["terraform.roots"]).toMatch(/^flag --root, within file /);
    expect(
      (
        await problems({
          config,
          env: { PLATFORM_OPS_TERRAFORM_ROOTS: "/usr", PLATFORM_OPS_TOOLSETS: "exec", PLATFORM_OPS_TERRAFORM_ENV: "LD_PRELOAD" },
        })
      ).map(({ setting }) => setting),
    ).toEqual(["terraform.roots", "terraform.env", "toolsets"]);
    expect((await read({ config, argv: ["--root", "."] })).policy.roots).toEqual([join(folder, "a"), join(folder, "b")]);
  });

  it("sees through a link that leads out of a root", async () => {
    await roots();
    await symlink("/usr", join(folder, "a/out"));
    expect(await problems({ config: "terraform: { roots: [a] }\n", argv: ["--root=a/out"] })).toMatchObject([
      { setting: "terraform.roots" },
    ]);
  });

  it("of read-only is not taken back", async () => {
    expect(await problems({ config: "read_only: true\n", env: { PLATFORM_OPS_READ_ONLY: "false" } })).toMatchObject([
      { setting: "read_only" },
    ]);
  });

  it("gets lists from flags where no file speaks", async () => {
    await roots();
    const { settings, policy } = await read({ argv: ["--root", "a", "--root=b"] });
    expect(settings.terraform.roots).toEqual([join(folder, "a"), join(folder, "b")]);
    expect(policy.roots).toBeUndefined();
  });

  it.each([
    "PLATFORM_OPS_APPROVALS_HOURS",
    "PLATFORM_OPS_APPROVALS_AUTO",
    "PLATFORM_OPS_ENVIRONMENTS",
    "PLATFORM_OPS_APPROVALS_SIGNED_ALLOWED_SIGNERS",
  ])("of approvals is not taken from %s", async (name) => {
    expect(await problems({ env: { [name]: "x" } })).toMatchObject([
      { setting: name, message: expect.stringContaining("operator's file only") },
    ]);
  });

  it.each([["--approvals.hours=1"], ["--environments=[]"], ["--approvals-auto=x"]])("of approvals is not taken from %s", async (flag) => {
    expect(await problems({ argv: [flag] })).toMatchObject([{ message: expect.stringContaining("operator's file only") }]);
  });

  it("of the system wins, whole", async () => {
    await roots();
    const config = `environments: [{ name: prod, match: { config_paths: ['**'] }, channels: [elicit] }]\napprovals: { hours: 100, auto: [{ environments: ['*'], workspaces: ['*'], changes: [delete] }] }\nterraform: { roots: [a, /usr] }\n`;
    const system = `environments: [{ name: prod, match: { config_paths: ['**/prod/**'] }, protected: false, channels: [cli] }]\nterraform: { roots: [${folder}] }\nread_only: true\n`;
    const { policy, notes, files } = await read({ config, system });
    expect(policy).toMatchObject({
      environments: [{ name: "prod", channels: ["cli"] }, { name: "default" }],
      approvals: { auto: [], hours: 72 },
      roots: [join(folder, "a")],
      read_only: true,
    });
    expect(files.policy).toBe(join(folder, "etc/policy.yaml"));
    expect(notes).toHaveLength(3);
    expect(await problems({ config: "", system: "temporal: { port: 4000 }\n" })).toMatchObject([
      { setting: "temporal", message: expect.stringContaining("policy only") },
    ]);
  });

  it("of the system that others may change stops the start", async () => {
    await mkdir(join(folder, "etc"));
    await writeFile(join(folder, "etc/policy.yaml"), "read_only: true\n");
    await chmod(join(folder, "etc/policy.yaml"), 0o666);
    expect(await problems({})).toMatchObject([{ setting: "policy", message: expect.stringContaining("can be written by others") }]);
    await chmod(join(folder, "etc/policy.yaml"), 0o644);
    await chmod(join(folder, "etc"), 0o777);
    expect(await problems({})).toMatchObject([{ setting: "policy" }]);
    const sources = { argv: [], env: {}, cwd: folder, home: folder, platform: "linux" as const };
    await chmod(join(folder, "etc"), 0o755);
    expect(() => readSettings({ ...sources, systemPolicy: { path: join(folder, "etc/policy.yaml"), owner: 12_345 } })).toThrow(
      /belongs to user/,
    );
  });

  it.each([
    ["two of one name", "environments: [{ name: a, match: { nodes: [x] } }, { name: a, match: { nodes: [y] } }]", "environments.1.name"],
    ["a catch-all before others", "environments: [{ name: a }, { name: b, match: { nodes: [x] } }]", "environments.0.match"],
    ["an empty match", "environments: [{ name: a, match: {} }]", "environments.0.match"],
    ["signatures without signers", "environments: [{ name: a, match: { nodes: [x] }, protected: true }]", "environments.0.channels"],
    [
      "counted approvals at a terminal",
      "environments: [{ name: a, match: { nodes: [x] }, channels: [cli], required: 2 }]",
      "environments.0.required",
    ],
    [
      "rules for a protected environment",
      "environments: [{ name: a, match: { nodes: [x] }, protected: true }]\napprovals: { signed: { allowed_signers: config.yaml }, auto: [{ environments: [a], workspaces: ['*'], changes: [create] }] }",
      "approvals.auto.0.environments.0",
    ],
    ["signers that are not there", "approvals: { signed: { allowed_signers: /nowhere } }", "approvals.signed.allowed_signers"],
  ])("with %s is refused", async (_, config, setting) => {
    expect((await problems({ config })).map((problem) => problem.setting)).toEqual([setting]);
  });
});

describe("a hostile file", () => {
  const bomb = `a: &a [x,x,x,x,x,x,x,x,x]\n${"bcdefghij"
    .split("")
    .map((name, index) => `${name}: &${name} [${Array(9).fill(`*${"abcdefghij"[index]}`).join(",")}]`)
    .join("\n")}\n`;

  it.each([
    ["a bomb of aliases", bomb, /anchors/],
    ["an anchor that contains itself", "a: &a [*a]\n", /No such key|anchor/],
    ["a key twice", "read_only: true\nread_only: false\n", /stands twice/],
    ["a tab", "temporal:\n\tport: 1\n", /[Tt]ab/],
    ["a foreign tag", "read_only: !!js/function 'x'\n", /tag/i],
    ["deep nesting", "[".repeat(100_000), /nested|deep/i],
    ["1 MB and a byte", "#".repeat(1024 * 1024 + 1), /bound/],
    ["no mapping", "- a\n", /must be a map; it is a list/],
    ["two documents", "read_only: true\n---\nread_only: false\n", /document/],
    ["a key of the prototype", "__proto__: { read_only: true }\n", /No such key/],
    ["bytes that are no text", "\u0000\u0001", /./],
    ["200,000 keys", Array.from({ length: 100_000 }, (_, index) => `k${index}: 1`).join("\n"), /No such key/],
  ])("with %s is refused", async (_, config, message) => {
    const found = await problems({ config });
    expect(found[0]?.message).toMatch(message);
  });

  it("that is a folder, a pipe's place or another's is refused", async () => {
    expect(await problems({ argv: [`--config=${folder}`] })).toMatchObject([
      { message: expect.stringMatching(/plain file|cannot be read/) },
    ]);
    await writeFile(join(folder, "open.yaml"), "read_only: true\n");
    await chmod(join(folder, "open.yaml"), 0o666);
    expect(await problems({ argv: [`--config=${join(folder, "open.yaml")}`] })).toMatchObject([
      { message: expect.stringContaining("can be written by others") },
    ]);
  });
});

describe("what documents are generated from", () => {
  it("names each setting once, with a meaning", () => {
    const rows = settingsTable();
    expect(new Set(rows.map(({ name }) => name)).size).toBe(rows.length);
    expect(rows.filter(({ meaning }) => meaning === "")).toEqual([]);
    expect(rows.find(({ name }) => name === "temporal.api_key")?.flag).toBe("");
    expect(settingsJsonSchema()).toMatchObject({
      type: "object",
      additionalProperties: false,
      properties: { approvals: { type: "object" } },
    });
  });
});

describe("a survey", () => {
  it("tells what is wrong, and has what would be without it", async () => {
    const path = join(folder, "config.yaml");
    await writeFile(path, "temporal:\n  port: no\nterraform:\n  parallelism: 2\nmore: 1\n", { mode: 0o600 });
    const argv = ["--logging.level", "loud", "doctor"];
    const survey = surveySettings({ argv, env: { PLATFORM_OPS_CONFIG: path }, cwd: folder, home: folder, platform: "linux" });
    expect(survey.problems.map(({ setting }) => setting).toSorted()).toEqual(["logging.level", "more", "temporal.port"]);
    expect(survey).toMatchObject({ settings: { logging: { level: "info" }, terraform: { parallelism: 2 } }, rest: ["doctor"] });
    expect(survey.origin).toMatchObject({ "logging.level": "default", "terraform.parallelism": `file ${path}` });
    expect((await read({})).problems).toEqual([]);
  });
});
