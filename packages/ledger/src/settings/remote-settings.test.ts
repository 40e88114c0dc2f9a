import { mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { isOpsError } from "@platform-ops/errors";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { settingsTable } from "./definitions.ts";
import { environmentOf, environmentsOfMachine } from "./policy.ts";
import type { SettingProblem } from "./problems.ts";
import { readSettings } from "./read-settings.ts";
import type { Effective } from "./settings.ts";

let folder: string;
beforeEach(() => {
  folder = realpathSync(mkdtempSync(join(tmpdir(), "remote-settings-")));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

interface Given {
  argv?: string[];
  env?: Record<string, string>;
  config?: string;
  system?: string;
}

function read({ argv = [], env = {}, config, system }: Given): Effective {
  const path = join(folder, "config.yaml");
  if (config !== undefined) writeFileSync(path, config, { mode: 0o600 });
  mkdirSync(join(folder, "etc"), { recursive: true, mode: 0o755 });
  if (system !== undefined) writeFileSync(join(folder, "etc/policy.yaml"), system, { mode: 0o644 });
  return readSettings({
    argv,
    env: { ...(config === undefined ? {} : { PLATFORM_OPS_CONFIG: path }), ...env },
    cwd: folder,
    home: folder,
    platform: "linux",
    systemPolicy: { path: join(folder, "etc/policy.yaml"), owner: process.getuid!() },
  });
}

function problems(given: Given): SettingProblem[] {
  try {
    read(given);
  } catch (error) {
    if (isOpsError(error) && error.code === "settings_invalid") return error.details["problems"] as SettingProblem[];
    throw error;
  }
  return [];
}

const TWO = `
remote:
  clusters:
    staging:
    production: { user: ops, teleport: { cluster: prod.example.com, proxy: "tele.example.com:3080", identity_file: id/prod, mode: openssh } }
`;

describe("clusters", () => {
  it("are none without a word, and whatever the name, nothing is inherited", () => {
    const { remote } = read({}).settings;
    expect(remote).toEqual({ clusters: {}, timeout_seconds: 30, max_timeout_seconds: 900, concurrency: 25, remedies: {} });
    for (const name of ["constructor", "toString", "__proto__"]) expect(remote.clusters[name]).toBeUndefined();
  });

  it("named by ALLOWED_TELEPORT_CLUSTERS alone are Teleport's, with the defaults", () => {
    const { settings, origin, policy } = read({
      env: {
        ALLOWED_TELEPORT_CLUSTERS: "staging, production,shared-service",
        TELEPORT_PROXY: "tele.example.com",
        TELEPORT_IDENTITY_FILE: "id",
      },
    });
    expect(Object.keys(settings.remote.clusters)).toEqual(["staging", "production", "shared-service"]);
    expect(settings.remote.clusters["staging"]).toEqual({
      transport: "teleport",
      teleport: { cluster: "staging", proxy: "tele.example.com:443", identity_file: join(folder, "id"), mode: "tsh", insecure: false },
      ssh: { hosts: [], known_hosts: [join(folder, ".ssh/known_hosts"), "/etc/ssh/ssh_known_hosts"], identity_files: [], via: "ssh2" },
      envelope: "watchdog",
      sudo_timeout: "inside",
    });
    expect(origin["remote.clusters"]).toBe("env ALLOWED_TELEPORT_CLUSTERS");
    expect(environmentOf(policy, { cluster: "staging", node: "a" })).toMatchObject({ name: "default" });
  });

  it("of a file say how each is reached; paths lie beside the file", () => {
    const { settings } = read({ config: TWO, env: { TELEPORT_PROXY: "other.example.com:1" } });
    expect(settings.remote.clusters["production"]).toMatchObject({
      user: "ops",
      teleport: { cluster: "prod.example.com", proxy: "tele.example.com:3080", identity_file: join(folder, "id/prod"), mode: "openssh" },
    });
    expect(settings.remote.clusters["staging"]?.teleport).toMatchObject({ cluster: "staging", proxy: "other.example.com:1" });
  });

  it("of plain SSH list their machines", () => {
    mkdirSync(join(folder, ".ssh"));
    writeFileSync(join(folder, ".ssh/id_ed25519"), "");
    const { settings } = read({
      config: `
remote:
  clusters:
    lab:
      ssh:
        hosts: [web1.example.com, "root@web2:2222", { name: v6, host: "::1" }, { name: db1, host: 10.0.0.5, port: 2200, user: deploy, labels: { role: db } }]
        jump: ops@bastion.example.com
        known_hosts: [hosts]
        via: openssh
    here: { transport: local }
`,
    });
    expect(settings.remote.clusters["lab"]).toMatchObject({
      transport: "ssh",
      ssh: {
        hosts: [
          { name: "web1.example.com", host: "web1.example.com", port: 22, labels: {} },
          { name: "web2", host: "web2", port: 2222, user: "root", labels: {} },
          { name: "v6", host: "::1", port: 22, labels: {} },
          { name: "db1", host: "10.0.0.5", port: 2200, user: "deploy", labels: { role: "db" } },
        ],
        jump: "ops@bastion.example.com",
        known_hosts: [join(folder, "hosts")],
        identity_files: [join(folder, ".ssh/id_ed25519")],
        via: "openssh",
      },
    });
    expect(settings.remote.clusters["here"]?.transport).toBe("local");
  });

  it.each([
    [{ env: { ALLOWED_TELEPORT_CLUSTERS: "staging" } }, "env ALLOWED_TELEPORT_CLUSTERS"],
    [{ env: { PLATFORM_OPS_REMOTE_CLUSTERS: "staging" } }, "env PLATFORM_OPS_REMOTE_CLUSTERS"],
    [{ argv: ["--remote.clusters=staging"] }, "flag --remote.clusters"],
  ])("are narrowed by %j and never widened", (given, from) => {
    const narrow = read({ config: TWO, ...given });
    expect(Object.keys(narrow.settings.remote.clusters)).toEqual(["staging"]);
    expect(narrow.origin["remote.clusters"]).toBe(`${from}, within file ${join(folder, "config.yaml")}`);
    const wide = JSON.parse(JSON.stringify(given).replaceAll("staging", "staging,elsewhere")) as Given;
    expect(problems({ config: TWO, ...wide })).toMatchObject([
      { setting: "remote.clusters", from, message: expect.stringMatching(/elsewhere.*only narrow/) },
    ]);
  });

  it("of the system's policy win over the operator's, which may say how one is reached that the policy only names", () => {
    const evil = `
remote:
  clusters:
    production: { ssh: { hosts: [evil.example.com] } }
    elsewhere: {}
`;
    const mapped = read({ config: evil, system: "remote: { clusters: { production: {} } }" });
    expect(Object.entries(mapped.settings.remote.clusters).map(([name, { transport }]) => [name, transport])).toEqual([
      ["production", "teleport"],
    ]);
    expect(mapped.notes.join("\n")).toMatch(/elsewhere.* is not among[^]*production in .*config.yaml is not used/);
    const listed = read({ config: TWO, system: "remote: { clusters: [production] }" });
    expect(Object.keys(listed.settings.remote.clusters)).toEqual(["production"]);
    expect(listed.settings.remote.clusters["production"]?.teleport.proxy).toBe("tele.example.com:3080");
  });
});

describe("faults", () => {
  it("come all at once, with their lines and what was meant", () => {
    const config = `
remote:
  clusters:
    staging: { telport: {} }
    lab: { ssh: { hosts: [web1, web1, "a b"] } }
    -x: {}
  timeout_seconds: 0
  remedies: { nothing: { command: x } }
environments:
  - name: lab
    match: { clusters: [lab] }
    remote: { preset: opn, deny: [{ program: rm, args: ["**", x] }], kubeconfig: etc }
`;
    const found = problems({ config, env: { PLATFORM_OPS_REMOTE_CONCURRENCY: "none" } });
    const file = `file ${join(folder, "config.yaml")}`;
    expect(found.map(({ setting, from }) => [setting, from])).toEqual([
      ["remote.clusters.staging.telport", `${file}:4`],
      ["remote.clusters.lab.ssh.hosts.2", `${file}:5`],
      ["remote.clusters.-x", `${file}:6`],
      ["remote.timeout_seconds", `${file}:7`],
      ["remote.remedies.nothing", `${file}:8`],
      ["environments.0.remote.preset", `${file}:12`],
      ["environments.0.remote.kubeconfig", `${file}:12`],
      ["environments.0.remote.deny.0.args", `${file}:12`],
      ["remote.concurrency", "env PLATFORM_OPS_REMOTE_CONCURRENCY"],
    ]);
    expect(found[0]?.message).toBe(
      'No such key. Did you mean "teleport"? Accepted: transport, user, teleport, ssh, envelope, sudo_timeout.',
    );
  });

  it.each([
    ["remote: { clusters: { a: { transport: ssh } } }", "remote.clusters.a.ssh", /must be listed/],
    ["remote: { clusters: { a: { transport: local, ssh: { hosts: [b] } } } }", "remote.clusters.a.ssh", /reached by local/],
    ["remote: { clusters: { a: { ssh: { hosts: [b, b] } } } }", "remote.clusters.a.ssh.hosts.1", /Two machines are called b/],
    ["remote: { clusters: { a: { ssh: { hosts: ['b:70000'] } } } }", "remote.clusters.a.ssh.hosts.0", /no port/],
    ["remote: { clusters: [] }", "remote.clusters", /./],
    ["remote: { clusters: 7 }", "remote.clusters", /neither of the accepted forms/],
    ["remote: { timeout_seconds: 900, max_timeout_seconds: 60 }", "remote.timeout_seconds", /at most 60/],
    ["environments: [{ name: e, remote: { node: n } }]", "environments.0.remote.node", /not the cluster/],
    [
      "remote: { clusters: [prod] }\nenvironments: [{ name: e, remote: { cluster: prood } }]",
      "environments.0.remote.cluster",
      /Did you mean "prod"/,
    ],
    [
      "remote: { clusters: { lab: { ssh: { hosts: [web1] } } } }\nenvironments: [{ name: e, remote: { cluster: lab, node: web2 } }]",
      "environments.0.remote.node",
      /Did you mean "web1"/,
    ],
  ])("%s", (config, setting, message) =>
    expect(problems({ config })).toMatchObject([{ setting, message: expect.stringMatching(message) }]),
  );

  it.each(["a b", "-oProxyCommand=x", "a=b", "u@h", "a:b", "__proto__", "a\tb", "é"])(
    "the name %j from the environment is refused",
    (name) =>
      expect(problems({ env: { ALLOWED_TELEPORT_CLUSTERS: name } })).toMatchObject([
        { setting: "remote.clusters", message: expect.stringMatching(/must be at most 63 letters/), example: "staging,production" },
      ]),
  );

  it("a variable that leaves the cluster of an environment out is none", () => {
    const config = `${TWO}environments: [{ name: e, remote: { cluster: production } }]`;
    expect(problems({ config, env: { ALLOWED_TELEPORT_CLUSTERS: "staging" } })).toEqual([]);
  });
});

describe("environments of machines", () => {
  const config = `
environments:
  - name: dev
    match: { nodes: ["dev-*", "web1"] }
    remote: { preset: open, cluster: shared, node: dev-k8s }
  - name: production
    match: { clusters: [production, "prod-*"], nodes: ["*"] }
    protected: true
    remote: { cluster: shared, node: cp-1, user: ops, sudo: true, kubeconfig: k3s, allow: [{ program: uptime }] }
  - name: databases
    match: { clusters: [shared], nodes: ["db-*", "web1.example.com"] }
    channels: [cli]
approvals: { signed: { allowed_signers: signers } }
`;
  const policy = () => {
    writeFileSync(join(folder, "signers"), "", { mode: 0o600 });
    return read({ config }).policy;
  };

  it("carry what the file says, with the defaults", () => {
    expect(policy().environments[1]?.remote).toEqual({
      cluster: "shared",
      node: "cp-1",
      user: "ops",
      preset: "guarded",
      sudo: true,
      kubeconfig: "k3s",
      deny: [],
      ask: [],
      allow: [{ program: "uptime" }],
    });
  });

  it.each<[string, string | undefined, string[]]>([
    ["production", "x", ["production"]],
    ["production", "dev-1", ["dev"]],
    // The machine that steers production belongs to it, whatever else takes everything.
    ["shared", "cp-1", ["production"]],
    ["shared", "cp-2", ["default"]],
    ["shared", "cp-1.shared", ["production"]],
    ["shared", "dev-k8s", ["dev"]],
    ["shared", "db-1", ["databases"]],
    ["shared", "db-1.shared", ["databases"]],
    // By either part of its name.
    ["shared", "web1.example.com", ["databases", "dev"]],
    // Not looked up: it may be any machine of the cluster.
    ["shared", "3d58b0a6-7c5a-4a1b-9a0e-1c2d3e4f5a6b", ["databases", "default", "dev", "production"]],
    ["shared", "10.0.0.5", ["databases", "default", "dev", "production"]],
    ["production", "10.0.0.5", ["dev", "production"]],
  ])("%s, %s: %j", (cluster, node, expected) => {
    const found = environmentsOfMachine(policy(), { cluster, ...(node === undefined ? {} : { node }) });
    expect(new Set(found.map(({ name }) => name))).toEqual(new Set(expected.filter((name) => name !== "default" || expected.length === 1)));
  });

  it("of an id that was looked up are those of its names", () => {
    const machine = { cluster: "shared", node: "3d58b0a6-7c5a-4a1b-9a0e-1c2d3e4f5a6b" };
    expect(environmentsOfMachine(policy(), { ...machine, names: ["web9", "10.0.0.5"] }).map(({ name }) => name)).toEqual(["default"]);
    expect(environmentsOfMachine(policy(), { ...machine, names: ["db-1"] }).map(({ name }) => name)).toEqual(["databases"]);
    expect(environmentOf(policy(), machine).name).toBe("production");
  });

  it("cannot be set by variables or flags, and the system's win", () => {
    expect(problems({ env: { PLATFORM_OPS_ENVIRONMENTS: "x" } })).toMatchObject([
      { message: expect.stringMatching(/operator's file only/) },
    ]);
    writeFileSync(join(folder, "signers"), "", { mode: 0o600 });
    const { policy: both } = read({ config, system: "environments: [{ name: all, remote: { preset: locked } }]" });
    expect(both.environments.map(({ name, remote }) => [name, remote?.preset])).toEqual([["all", "locked"]]);
  });
});

it("the guide's file is accepted as it stands", () => {
  const guide = readFileSync(new URL("../../../../docs/guides/production-policy.md", import.meta.url), "utf8");
  const [, config = ""] = /```yaml\n([^]*?)```/.exec(guide) ?? [];
  writeFileSync(join(folder, "allowed_signers"), "", { mode: 0o600 });
  const { settings, policy } = read({ config });
  expect(Object.keys(settings.remote.clusters)).toEqual(["staging", "production", "shared", "lab"]);
  expect(policy.environments.map(({ name, remote }) => [name, remote?.preset])).toEqual([
    ["staging", "open"],
    ["production", "guarded"],
    ["default", undefined],
  ]);
  // As the system's policy it may say the same, but for what is no policy.
  const system = config
    .replace(/^ {2}teleport_proxy.*\n/m, "")
    .replace("allowed_signers: allowed_signers", `allowed_signers: ${folder}/allowed_signers`);
  expect(read({ system }).policy.environments).toHaveLength(3);
});

it("every ordinary setting of the section is in the table, with an alias where there is one", () => {
  const rows = settingsTable().filter(({ name }) => name.startsWith("remote."));
  expect(rows.map(({ name, env, policy }) => [name, env.slice(1), policy])).toEqual([
    ["remote.clusters", ["ALLOWED_TELEPORT_CLUSTERS"], true],
    ["remote.tsh_path", [], false],
    ["remote.kubectl_path", [], false],
    ["remote.teleport_proxy", ["TELEPORT_PROXY"], false],
    ["remote.teleport_identity_file", ["TELEPORT_IDENTITY_FILE"], false],
    ["remote.teleport_home", ["TELEPORT_HOME"], false],
    ["remote.agent", ["SSH_AUTH_SOCK"], false],
    ["remote.timeout_seconds", [], false],
    ["remote.max_timeout_seconds", [], false],
    ["remote.concurrency", [], false],
  ]);
});
