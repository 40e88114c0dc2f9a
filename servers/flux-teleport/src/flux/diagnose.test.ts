import { describe, expect, it } from "vitest";
import { diagnose, rankCauses, workloadsIn, World } from "./diagnose.ts";
import { fluxObject, type FluxObject } from "./flux-object.ts";
import { recorded } from "./recorded.test-support.ts";

const ready = [{ type: "Ready", status: "True", reason: "ReconciliationSucceeded", message: "Applied", observedGeneration: 1 }];
const failing = (reason: string, message: string, more: object[] = []) => [
  { type: "Ready", status: "False", reason, message, observedGeneration: 1 },
  ...more,
];
const waitsFor = (name: string) => failing("DependencyNotReady", `dependency 'apps/${name}' is not ready`);

const made = (name: string, conditions: object[], more: Record<string, unknown> = {}): FluxObject =>
  fluxObject({
    kind: "Kustomization",
    namespace: "apps",
    name,
    generation: 1,
    conditions,
    sourceRef: { kind: "GitRepository", name: "repo" },
    ...more,
  });
const repo = (conditions: object[], more: Record<string, unknown> = {}): FluxObject =>
  fluxObject({
    kind: "GitRepository",
    namespace: "apps",
    name: "repo",
    generation: 1,
    conditions,
    artifact: { revision: "main@sha1:1" },
    ...more,
  });
const dependsOn = (...names: string[]) => ({ dependsOn: names.map((name) => ({ name })) });

const world = (...objects: FluxObject[]): World => new World(objects, () => true);
const causesOf = (objects: FluxObject[], name: string): string[] => {
  const all = world(...objects);
  return diagnose(
    all,
    objects.find((one) => one.name === name)!,
  ).findings.map(({ cause, object }) => `${cause} ${object.name}`);
};

describe("the walk of a diagnosis, in recordings", () => {
  it.each([
    ["kustomization-not-ready-build-failed", "app", ["broken_manifest app"]],
    ["kustomization-not-ready-dry-run", "app", ["invalid_manifest app"]],
    ["kustomization-not-ready-health-check-failed", "app", ["health_check_failed app"]],
    // The source is named before what it leaves undone.
    ["gitrepository-not-ready-branch", "app", ["ref_missing app", "broken_manifest app"]],
    ["gitrepository-not-ready-refused", "app", ["source_unreachable app", "broken_manifest app"]],
    ["fresh-reconciling-unknown", "absent-source", ["source_missing absent"]],
    ["fresh-reconciling-unknown", "no-path", ["path_missing no-path"]],
    ["fresh-reconciling-unknown", "waiting-for-source", ["in_progress fresh"]],
    ["fresh-reconciling-unknown", "dependent", ["in_progress app"]],
    ["ready", "app", []],
    ["suspended", "app", ["suspended app"]],
  ])("%s, %s: %j", (file, name, causes) => {
    const objects = recorded(file);
    const all = new World(objects, () => true);
    const object = objects.find((one) => one.kind === "Kustomization" && one.name === name)!;
    expect(diagnose(all, object).findings.map(({ cause, object }) => `${cause} ${object.name}`)).toEqual(causes);
  });
});

describe("the walk of a diagnosis", () => {
  it("follows dependencies to where it begins", () => {
    const objects = [
      repo(ready),
      made("base", failing("BuildFailed", "kustomize build failed: no")),
      made("middle", waitsFor("base"), dependsOn("base")),
      made("top", waitsFor("middle"), dependsOn("middle")),
    ];
    expect(causesOf(objects, "top")).toEqual(["build_failed base"]);
  });

  it("sees a circle, and a dependency that there is not", () => {
    const circle = [
      repo(ready),
      made("a", waitsFor("b"), dependsOn("b")),
      made("b", waitsFor("c"), dependsOn("c")),
      made("c", waitsFor("b"), dependsOn("b")),
    ];
    expect(causesOf(circle, "a")).toEqual(["dependency_cycle b"]);
    expect(diagnose(world(...circle), circle[1]!).findings[0]!.explanation).toContain("b → Kustomization/apps/c → Kustomization/apps/b");
    expect(causesOf([repo(ready), made("a", waitsFor("gone"), dependsOn("gone"))], "a")).toEqual(["dependency_missing gone"]);
  });

  it("a dependency that was suspended before it was ready holds others up", () => {
    const objects = [repo(ready), made("base", [], { suspend: true }), made("top", waitsFor("base"), dependsOn("base"))];
    expect(causesOf(objects, "top")).toEqual(["suspended base"]);
  });

  it("does not say that something is missing where not all could be read", () => {
    const object = made("a", failing("ArtifactFailed", 'GitRepository.source.toolkit.fluxcd.io "repo" not found'));
    expect(diagnose(new World([object], () => false), object).findings.map((one) => one.cause)).toEqual(["source_missing"]);
    expect(diagnose(new World([object], () => false), object).findings[0]).toMatchObject({ object: { kind: "Kustomization", name: "a" } });
    expect(diagnose(new World([object], () => true), object).findings[0]).toMatchObject({
      object: { kind: "GitRepository", name: "repo" },
      status: "missing",
    });
  });

  it("tells what stands still for a reason that is over, and what is not known", () => {
    const stale = made("a", [{ ...ready[0], observedGeneration: 1 }], { generation: 2 });
    expect(diagnose(world(repo(ready), stale), stale).findings).toMatchObject([{ cause: "stale" }]);
    const silent = made("a", []);
    expect(diagnose(world(repo(ready), silent), silent).findings).toMatchObject([{ cause: "not_looked_at" }]);
    const strange = made("a", failing("NeverHeardOf", "what?"));
    expect(diagnose(world(repo(ready), strange), strange).findings).toMatchObject([{ cause: "unexplained", message: "what?" }]);
  });

  it("a release whose retries are used up tells of its last upgrade and the workload in it", () => {
    const message =
      "Helm upgrade failed for release cache/redis with chart redis@20.6.1: resource StatefulSet/cache/redis-master not ready. status: InProgress\ncontext deadline exceeded";
    const release = fluxObject({
      kind: "HelmRelease",
      namespace: "cache",
      name: "redis",
      generation: 12,
      conditions: [
        {
          type: "Stalled",
          status: "True",
          reason: "RetriesExceeded",
          message: "Failed to upgrade after 2 attempt(s)",
          observedGeneration: 12,
        },
        { type: "Ready", status: "False", reason: "RollbackSucceeded", message: "rolled back", observedGeneration: 12 },
        { type: "Released", status: "False", reason: "UpgradeFailed", message, observedGeneration: 12 },
        { type: "Remediated", status: "True", reason: "RollbackSucceeded", message: "rolled back", observedGeneration: 12 },
      ],
    });
    const [finding] = diagnose(world(release), release).findings;
    expect(finding).toMatchObject({
      cause: "release_not_ready",
      status: "stalled",
      reason: "UpgradeFailed",
      workloads: [{ kind: "StatefulSet", namespace: "cache", name: "redis-master" }],
    });
    expect(finding!.explanation).toContain("as often as it may");
  });

  it("notes what is not wrong: a suspended parent or source, a revision that does not go through, an earlier failure", () => {
    const parent = made("root", ready, { suspend: true });
    const object = made("a", failing("BuildFailed", "x"), {
      labels: { "kustomize.toolkit.fluxcd.io/name": "root", "kustomize.toolkit.fluxcd.io/namespace": "apps" },
      applied: "main@sha1:1",
      attempted: "main@sha1:2",
      requested: "t2",
      handled: "t1",
    });
    const { notes } = diagnose(world(parent, repo(ready, { suspend: true }), object), object);
    expect(notes.join("\n")).toMatch(
      /root, which applies.*suspended[^]*repo is suspended[^]*sha1:2 does not go through[^]*not been taken up/,
    );
    const again = made("a", [{ type: "Reconciling", status: "True", reason: "Progressing", message: "", observedGeneration: 1 }], {
      history: [
        { lastReconciledStatus: "HealthCheckFailed", lastReconciled: "2026-05-04T09:00:00Z", metadata: { revision: "main@sha1:2" } },
      ],
    });
    expect(diagnose(world(again), again).notes.join("\n")).toContain("ended with HealthCheckFailed");
  });

  it("of a whole cluster: what holds up most first, suspended last", () => {
    const objects = [
      repo(ready),
      made("asleep", ready, { suspend: true }),
      made("alone", failing("PruneFailed", "x")),
      made("base", failing("BuildFailed", "x")),
      made("one", waitsFor("base"), dependsOn("base")),
      made("two", waitsFor("one"), dependsOn("one")),
    ];
    expect(rankCauses(world(...objects)).map((one) => [one.cause, one.object.name, one.affects.map((ref) => ref.name)])).toEqual([
      ["build_failed", "base", ["one", "two"]],
      ["prune_failed", "alone", []],
      ["suspended", "asleep", []],
    ]);
  });
});

describe("workloads in a message", () => {
  it.each([
    [
      "timeout waiting for: [Deployment/apps/web status: 'InProgress', StatefulSet/apps/db status: 'Failed']",
      ["Deployment/web", "StatefulSet/db"],
    ],
    ["resource Deployment/shop/api not ready. status: InProgress", ["Deployment/api"]],
    ["Deployment/apps/--all status: 'x' and Deployment/../x status: 'y'", []],
    ["", []],
  ])("%s", (message, found) => {
    expect(workloadsIn(message).map(({ kind, name }) => `${kind}/${name}`)).toEqual(found);
  });
});
