import type { Environment, EnvironmentRemote, RemoteSettings } from "@platform-ops/ledger";
import { temporaryPolicy } from "@platform-ops/ledger/testing";
import { describe, expect, it } from "vitest";
import { resolveTarget, type TargetInput } from "./environment-target.ts";

const settings = (clusters: Record<string, "teleport" | "local" | string[]>): RemoteSettings => ({
  clusters: Object.fromEntries(
    Object.entries(clusters).map(([name, how]) => [
      name,
      {
        transport: Array.isArray(how) ? ("ssh" as const) : (how as "teleport"),
        teleport: { cluster: name, mode: "tsh" as const, insecure: false },
        ssh: {
          hosts: Array.isArray(how) ? how.map((host) => ({ name: host, host, port: 22, labels: {} })) : [],
          known_hosts: [],
          identity_files: [],
          via: "ssh2" as const,
        },
        envelope: "watchdog" as const,
        sudo_timeout: "inside" as const,
      },
    ]),
  ),
  timeout_seconds: 30,
  max_timeout_seconds: 900,
  concurrency: 25,
  remedies: {},
});
const environment = (name: string, remote: Partial<EnvironmentRemote> | undefined, match: Environment["match"]): Environment => ({
  name,
  match,
  protected: false,
  channels: ["cli"],
  ...(remote === undefined
    ? {}
    : { remote: { preset: "guarded", sudo: false, kubeconfig: "default", deny: [], ask: [], allow: [], ...remote } }),
});

const ALL = settings({ staging: "teleport", production: "teleport", shared: "teleport" });
const POLICY = temporaryPolicy([
  environment("staging", { cluster: "staging", node: "k8s-1", user: "ops", sudo: true, kubeconfig: "k3s" }, { clusters: ["staging"] }),
  environment("production", { cluster: "shared", node: "k8s-2", user: "ops", sudo: true }, { clusters: ["production"] }),
  environment("infra", undefined, { config_paths: ["infra/**"] }),
]);

const kubernetes = (input: TargetInput, of = ALL, policy = POLICY) => resolveTarget(policy, of, input, "kubernetes");
const machine = (input: TargetInput, of = ALL, policy = POLICY) => resolveTarget(policy, of, input, "machine");

describe("Kubernetes", () => {
  it.each<[TargetInput, object]>([
    [
      { environment: "staging" },
      { target: { cluster: "staging", node: "k8s-1", user: "ops" }, sudo: true, kubeconfig: "k3s", environment: "staging" },
    ],
    [
      { environment: "production" },
      { target: { cluster: "shared", node: "k8s-2", user: "ops" }, sudo: true, kubeconfig: "default", environment: "production" },
    ],
    [{ cluster: "staging" }, { target: { cluster: "staging", node: "k8s-1", user: "ops" }, environment: "staging" }],
    [{ cluster: "shared" }, { target: { cluster: "shared", node: "k8s-2", user: "ops" }, environment: "production" }],
    [{ cluster: "staging", user: "root" }, { target: { cluster: "staging", node: "k8s-1", user: "root" } }],
    // What is named is taken, also another machine; it then has the environment of that machine.
    [
      { cluster: "staging", node: "k8s-9" },
      { target: { cluster: "staging", node: "k8s-9", user: "ops" }, sudo: true, kubeconfig: "k3s", environment: "staging" },
    ],
    [
      { cluster: "shared", node: "other" },
      { target: { cluster: "shared", node: "other" }, sudo: false, kubeconfig: "default", environment: "default" },
    ],
    [{ cluster: "production", node: "x" }, { target: { cluster: "production", node: "x", user: "ops" } }],
  ])("%j", (input, expected) => expect(kubernetes(input)).toMatchObject(expected));

  it("where a cluster has none, is told by name, and no other cluster is taken", () => {
    expect(() => kubernetes({ cluster: "production" })).toThrow(
      expect.objectContaining({
        code: "invalid_input",
        message: expect.stringMatching(/^Kubernetes of production is on cluster shared, machine k8s-2; cluster production has none/),
        hint: 'Call again with cluster "shared" and node "k8s-2".',
      }),
    );
  });

  it.each<[TargetInput, RegExp]>([
    [{}, /cluster is missing.*Kubernetes of staging is on cluster staging, machine k8s-1; Kubernetes of production is on cluster shared/],
    [{ environment: "production", cluster: "production" }, /Kubernetes of production is on cluster shared, machine k8s-2, not where/],
    [{ environment: "production", node: "k8s-1" }, /Kubernetes of production is on cluster shared, machine k8s-2, not where/],
    [{ environment: "prod" }, /no environment of that name. Environments: staging, production, infra, default/],
    [{ environment: "infra" }, /does not say on which cluster/],
    [{ cluster: "elsewhere" }, /Invalid cluster. Must be one of: \[staging, production, shared\]/],
    [{ cluster: "constructor" }, /Invalid cluster/],
  ])("%j is refused", (input, message) => expect(() => kubernetes(input)).toThrow(message));

  it("is where there is but one choice", () => {
    const one = temporaryPolicy([environment("lab", { cluster: "lab", node: "n1" }, { clusters: ["lab"] })]);
    expect(kubernetes({}, settings({ lab: "teleport", other: "teleport" }), one).target).toEqual({ cluster: "lab", node: "n1" });
    expect(kubernetes({}, settings({ here: "local" }), temporaryPolicy()).target).toEqual({ cluster: "here", node: "localhost" });
    expect(kubernetes({}, settings({ lab: ["web1"] }), temporaryPolicy()).target).toEqual({ cluster: "lab", node: "web1" });
    expect(kubernetes({}, settings({ lab: ["web1", "web2"] }), temporaryPolicy()).target).toEqual({ cluster: "lab" });
    expect(kubernetes({}, settings({ lab: "teleport" }), temporaryPolicy()).target).toEqual({ cluster: "lab" });
  });

  it("of two environments on one cluster needs the machine or the environment", () => {
    const two = temporaryPolicy([
      environment("a", { cluster: "shared", node: "n1" }, { config_paths: ["a/**"] }),
      environment("b", { cluster: "shared", node: "n2", sudo: true }, { config_paths: ["b/**"] }),
    ]);
    expect(() => kubernetes({ cluster: "shared" }, ALL, two)).toThrow(/node is missing.*machine n1; .*machine n2/);
    expect(kubernetes({ cluster: "shared", node: "n2" }, ALL, two)).toMatchObject({ environment: "b", sudo: true });
    expect(kubernetes({ environment: "b" }, ALL, two).target).toEqual({ cluster: "shared", node: "n2" });
  });

  it("of an environment whose cluster a variable left out is refused", () => {
    expect(() => kubernetes({ environment: "production" }, settings({ staging: "teleport" }))).toThrow(
      /Invalid cluster. Must be one of: \[staging\]/,
    );
    expect(() => kubernetes({}, settings({}))).toThrow(/none is configured/);
    expect(kubernetes({}, settings({ staging: "teleport" })).target).toMatchObject({ cluster: "staging", node: "k8s-1" });
  });
});

describe("a machine", () => {
  it.each<[TargetInput, object]>([
    [
      { cluster: "staging", node: "web1" },
      { target: { cluster: "staging", node: "web1", user: "ops" }, environment: "staging" },
    ],
    [{ cluster: "staging" }, { target: { cluster: "staging", user: "ops" } }],
    [{ environment: "staging", node: "web1" }, { target: { cluster: "staging", node: "web1", user: "ops" } }],
    [{ environment: "staging" }, { target: { cluster: "staging", node: "k8s-1", user: "ops" } }],
    [{ environment: "production", cluster: "production", node: "web1" }, { target: { cluster: "production", node: "web1", user: "ops" } }],
    [
      { cluster: "shared", node: "x", user: "me" },
      { target: { cluster: "shared", node: "x", user: "me" }, environment: "default" },
    ],
  ])("%j", (input, expected) => expect(machine(input)).toMatchObject(expected));

  it("is never taken from Kubernetes' place when only the cluster was named", () =>
    expect(machine({ cluster: "shared" }).target).not.toHaveProperty("node"));

  it.each<[TargetInput, RegExp]>([
    [{}, /cluster is missing.*Must be one of: \[staging, production, shared\]/],
    [{ environment: "production", node: "web1" }, /That machine is not in the environment production/],
    [{ environment: "staging", cluster: "production", node: "web1" }, /That machine is not in the environment staging/],
    [{ cluster: "__proto__" }, /Invalid cluster/],
  ])("%j is refused", (input, message) => expect(() => machine(input)).toThrow(message));
});
