import { execFileSync, spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdir, mkdtemp, readdir, readFile, realpath, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import {
  openApprovals,
  openArtifacts,
  openAudit,
  openDataDirectory,
  openKeys,
  recordDigest,
  Redactor,
  type ApprovalRecord,
  type Approvals,
  type ArtifactStore,
  type AuditLog,
  type DataDirectory,
  type Policy,
} from "@platform-ops/ledger";
import { decisionUpdateId } from "@platform-ops/orchestration";
import { connect, type Orchestration } from "@platform-ops/orchestration/client";
import { startTestTemporal, testTemporalBinary, type TestTemporal } from "@platform-ops/orchestration/testing";
import { bundleWorkflows } from "@platform-ops/orchestration/worker";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { InfraConfig, Operation, Workspace } from "../infra/infra-config.ts";
import { collectEnvironment } from "../terraform/child-environment.ts";
import { findProgram } from "../terraform/program.ts";
import { startWorker, type TestWorker } from "./fixture/start-worker.ts";
import { WORKFLOW_TYPE, type FailureText, type RunEnvironment, type RunInput } from "./run-contract.ts";
import type { PlanRecord } from "./plan/plan-record.ts";
import { readView } from "./workspace/run-files.ts";
import { readMemo, startMemo, type ReadMemo } from "./run-memo.ts";

const binary = testTemporalBinary(process.env);
const program = await findProgram("terraform", { searchPath: process.env["PATH"] ?? "" }).catch(() => undefined);
const QUEUE = "terraform@0123456789ab";
const ALL: Operation[] = ["init", "validate", "plan", "apply"];

/** One text resource and, per effect, one line in a file: what was applied twice can be counted. */
const definition = (variables: string[], effects: string, seconds = 0, sensitive = true): string => `
${variables.map((name) => `variable "${name}" {\n}`).join("\n")}
variable "text" {
  default = "one"
}
resource "terraform_data" "it" {
  input = join("-", [var.text${variables.map((name) => `, jsonencode(var.${name})`).join("")}])
  provisioner "local-exec" {
    command = "sleep ${seconds}; echo applied >> ${effects}"
  }
}
output "id" {
  value = terraform_data.it.output
}
output "numbers" {
  value = [1, 12345678901234567890]
}
${sensitive ? `output "password" {\n  value     = "hush-hush-hush"\n  sensitive = true\n}\n` : ""}`;

describe.skipIf(binary === undefined || program === undefined)(
  "a real run (needs terraform on PATH, and the temporal program: set PLATFORM_OPS_TEST_TEMPORAL to its path)",
  { timeout: 90_000 },
  () => {
    let folder: string;
    let directory: DataDirectory;
    let artifacts: ArtifactStore;
    let approvals: Approvals;
    let audit: AuditLog;
    let temporal: TestTemporal;
    let orchestration: Orchestration;
    let worker: TestWorker;
    let bundle: string;
    let ids = 0;
    let policy: Policy;

    beforeAll(async () => {
      folder = await realpath(await mkdtemp(join(tmpdir(), "real-run-")));
      directory = await openDataDirectory(join(folder, "home"));
      const keys = await openKeys(directory);
      artifacts = openArtifacts(directory, keys);
      audit = openAudit(directory, new Redactor());
      policy = {
        environments: [
          { name: "auto", match: { config_paths: [`${folder}/auto/**`] }, protected: false, channels: ["auto", "cli"] },
          { name: "default", match: {}, protected: false, channels: ["elicit", "cli"] },
        ],
        approvals: {
          auto: [{ environments: ["auto"], workspaces: ["*"], changes: ["create", "update", "outputs"] }],
          hours: 72,
          notify: {},
        },
        roots: [folder],
        read_only: false,
        toolsets: undefined,
      };
      approvals = openApprovals({ dir: directory, keys, policy, audit, artifacts });
      bundle = join(folder, "workflow-bundle.js");
      await bundleWorkflows({ workflowsPath: new URL("workflow.ts", import.meta.url).pathname, outFile: bundle });
      temporal = await startTestTemporal({ binary: binary ?? "" });
      worker = await newWorker();
      orchestration = await connect({ mode: "local", address: temporal.address, namespace: "default", keys });
    }, 120_000);

    afterAll(async () => {
      await worker?.kill("SIGKILL");
      await orchestration?.close();
      await temporal?.stop();
      await rm(folder, { recursive: true, force: true });
    }, 60_000);

    const newWorker = (): Promise<TestWorker> =>
      startWorker({ address: temporal.address, home: directory.root, queue: QUEUE, bundle, policy });
    const effects = (name: string): string => join(folder, `${name}.effects`);
    const applied = async (name: string): Promise<number> =>
      (await readFile(effects(name), "utf8").catch(() => "")).split("\n").filter(Boolean).length;

    async function workspace(
      root: string,
      name: string,
      options: { inputs?: Workspace["inputs"]; seconds?: number; operations?: Operation[]; hcl?: string; sensitive?: boolean } = {},
    ): Promise<Workspace> {
      const dir = join(folder, root, name);
      await mkdir(dir, { recursive: true });
      const inputs = options.inputs ?? [];
      await writeFile(
        join(dir, "main.tf"),
        options.hcl ??
          definition(
            inputs.map((i) => i.targetVar),
            effects(`${root}-${name}`),
            options.seconds,
            options.sensitive,
          ),
      );
      return {
        name,
        kind: "terraform",
        dir,
        dependsOn: [...new Set(inputs.map((i) => i.sourceWorkspace))],
        inputs,
        operations: options.operations ?? ALL,
      };
    }

    async function start(root: string, workspaces: Workspace[], variables: Record<string, string> = {}): Promise<string> {
      const config: InfraConfig = { workspace_root: join(folder, root), workspaces, config_path: join(folder, root, "infra.yaml") };
      const { kind, ...found } = program!;
      const environment: RunEnvironment = {
        variables: { ...collectEnvironment(process.env, []), ...variables },
        programs: { [kind]: found },
        roots: [folder],
      };
      const names = workspaces.map((w) => w.name);
      const input: RunInput = {
        config: await artifacts.putJson(config, { kind: "config" }),
        environment: await artifacts.putJson(environment, { kind: "environment" }),
        nodes: workspaces.map((w) => ({
          name: w.name,
          needs: w.dependsOn.map((n) => names.indexOf(n)),
          uses: w.inputs.map((i) => names.indexOf(i.sourceWorkspace)),
          operations: w.operations,
          apply: w.operations.includes("apply"),
        })),
        options: { parallelism: 4, approval_hours: 72, lock_timeout_seconds: 60, environment: root },
        requester: "agent:test@me",
        server_version: "0",
      };
      const id = `terraform-parent-workflow-${(ids += 1)}`;
      await orchestration.start({
        type: WORKFLOW_TYPE,
        id,
        args: [input],
        memo: startMemo(input, {
          workspace_root: config.workspace_root,
          environment: root,
          requester: input.requester,
          server_version: "0",
          plan_only: false,
        }),
        attributes: { kind: "terraform-run" },
        taskQueue: QUEUE,
      });
      return id;
    }
    const memo = async (id: string): Promise<ReadMemo> => readMemo((await orchestration.describe(id)).memo);
    async function until(id: string, look: (memo: ReadMemo) => boolean): Promise<ReadMemo> {
      for (;;) {
        const now = await memo(id);
        if (look(now)) return now;
        await sleep(50);
      }
    }
    const deliver = (id: string, record: ApprovalRecord): Promise<unknown> =>
      orchestration.update(id, "decide", record, { updateId: decisionUpdateId(recordDigest(record)), timeoutMs: 20_000 });
    const states = (m: ReadMemo): string[] => m.workspaces.map((w) => w.state);
    const input = (sourceWorkspace: string, sourceOutput: string, targetVar: string) => ({ sourceWorkspace, sourceOutput, targetVar });

    test("three tiers by policy: applied in order, outputs flow with their digits, a second run finds nothing to do", async () => {
      const tiers = [
        await workspace("auto", "network"),
        await workspace("auto", "subnets", {
          sensitive: false,
          inputs: [input("network", "id", "network_id"), input("network", "numbers", "numbers")],
        }),
        await workspace("auto", "service", { inputs: [input("subnets", "id", "subnet_id"), input("network", "password", "password")] }),
      ];
      const first = await start("auto", tiers);
      expect(await orchestration.result(first)).toMatchObject({ phase: "completed", applied: 3 });
      const view = await readView(directory, first, "subnets");
      const outputs = await artifacts.getJson<Record<string, { json: string }>>(view.outputs ?? "");
      expect(outputs["id"]?.json).toContain("12345678901234567890");
      expect([await applied("auto-network"), await applied("auto-service")]).toEqual([1, 1]);
      const second = await start("auto", tiers);
      expect(await orchestration.result(second)).toMatchObject({ phase: "completed", applied: 0, unchanged: 3 });
      // Told by the apply, by the plan without changes, or printed by the program: the same outputs.
      expect((await readView(directory, second, "subnets")).outputs).toBe(view.outputs);
      expect((await readView(directory, second, "network")).outputs).toBe((await readView(directory, first, "network")).outputs);
      // No secret in clear, neither in Temporal nor in any file.
      expect(JSON.stringify(await orchestration.history(first))).not.toContain("hush-hush-hush");
      expect(await filesWith(directory.root, "hush-hush-hush")).toEqual([]);
      // Nothing stays locked, and what was done is on record.
      expect((await audit.read()).filter((entry) => entry.kind === "command" && entry.outcome === "done")).toHaveLength(3);
    });

    test("a person is asked once for all plans; each plan is applied once", async () => {
      const id = await start("person", [await workspace("person", "a"), await workspace("person", "b")]);
      const waiting = await until(id, (m) => m.phase === "awaiting_approval");
      const request = await approvals.get(waiting.approval?.id ?? "");
      expect(request).toMatchObject({ status: "open", channels: ["elicit", "cli"], run_id: id });
      expect(request.subject.map((s) => s.what)).toEqual(["terraform:a", "terraform:b"]);
      expect((await artifacts.get(request.details ?? "")).toString()).toMatch(/\+ terraform_data\.it/);
      const record = await approvals.decide({ id: request.id, decision: "approved", channel: "cli", approver: "tty:me" });
      await expect(deliver(id, { ...record, subject: [] })).rejects.toMatchObject({ code: "approval_invalid" });
      expect(await deliver(id, record)).toEqual({ decision: "approved", workspaces: ["a", "b"] });
      expect(await orchestration.result(id)).toMatchObject({ applied: 2 });
      expect([await applied("person-a"), await applied("person-b")]).toEqual([1, 1]);
      // The bytes of a plan that was used are gone.
      for (const item of request.subject) {
        const { plan_file } = await artifacts.getJson<PlanRecord>(item.digest);
        expect(await artifacts.has(plan_file)).toBe(false);
      }
      // The whole story is on record, in its order.
      const story = (await audit.read()).filter((entry) => entry.id === id || entry.target === id);
      expect(story.map((entry) => `${entry.kind}: ${entry.what} ${entry.outcome}`).filter((line, i, all) => all[i - 1] !== line)).toEqual(
        expect.arrayContaining(["run: terraform plan changed", "command: terraform apply started", "command: terraform apply done"]),
      );
      const at = (what: string): number => story.findIndex((entry) => `${entry.kind}: ${entry.outcome}` === what);
      const order = [
        "run: changed",
        "approval_requested: open",
        "decision: approved",
        "command: started",
        "command: done",
        "run: completed",
      ].map(at);
      expect(order).toEqual(order.toSorted((a, b) => a - b));
      expect(order).not.toContain(-1);
    });

    test("plan, yes, apply: the approval of a plan-only run serves the next equal plan, once", async () => {
      const planOnly = await start("carry", [await workspace("carry", "a", { operations: ["init", "plan"] })]);
      expect(await orchestration.result(planOnly)).toMatchObject({ phase: "completed", planned: 1 });
      const { approval } = await memo(planOnly);
      await approvals.decide({ id: approval?.id ?? "", decision: "approved", channel: "cli", approver: "tty:me" });
      const id = await start("carry", [await workspace("carry", "a")]);
      expect(await orchestration.result(id)).toMatchObject({ applied: 1 });
      await rm(join(folder, "carry", "a", "terraform.tfstate"));
      const again = await start("carry", [await workspace("carry", "a")]);
      const waiting = await until(again, (m) => m.phase === "awaiting_approval");
      await approvals
        .decide({ id: waiting.approval?.id ?? "", decision: "rejected", channel: "cli", approver: "tty:me" })
        .then((record) => deliver(again, record));
      await expect(orchestration.result(again)).rejects.toMatchObject({ code: "run_rejected" });
      expect(await applied("carry-a")).toBe(1);
    });

    test("a plan that went stale while a person thought is refused, made anew and asked for anew", async () => {
      const dir = join(folder, "stale", "a");
      const id = await start("stale", [await workspace("stale", "a")]);
      const first = await until(id, (m) => m.phase === "awaiting_approval");
      // Somebody else applies in between.
      execFileSync(program!.path, ["apply", "-auto-approve", "-var=text=by-hand"], {
        cwd: dir,
        stdio: "ignore",
        env: collectEnvironment(process.env, []),
      });
      await deliver(id, await approvals.decide({ id: first.approval?.id ?? "", decision: "approved", channel: "cli", approver: "tty:me" }));
      const second = await until(id, (m) => m.phase === "awaiting_approval" && m.approval?.id !== first.approval?.id);
      expect(await applied("stale-a")).toBe(1);
      await deliver(
        id,
        await approvals.decide({ id: second.approval?.id ?? "", decision: "approved", channel: "cli", approver: "tty:me" }),
      );
      expect(await orchestration.result(id)).toMatchObject({ applied: 1 });
      expect(second.workspaces[0]?.counts).not.toEqual(first.workspaces[0]?.counts);
    });

    test("a failure is told with terraform's words, masked; a missing output fails before terraform starts", async () => {
      const broken = `variable "api_token" {}\nresource "terraform_data" "x" {\n  provisioner "local-exec" {\n    command = "echo \${var.api_token}; exit 3"\n  }\n}\n`;
      const id = await start(
        "auto/failing",
        [
          await workspace("auto/failing", "bad", { hcl: broken }),
          await workspace("auto/failing", "src"),
          await workspace("auto/failing", "dst", { inputs: [input("src", "no_such_output", "x")] }),
        ],
        { TF_VAR_api_token: "very-secret-token" },
      );
      await expect(orchestration.result(id)).rejects.toMatchObject({ code: "run_partial" });
      const { errors } = await memo(id);
      const texts = await Promise.all((errors ?? []).map((e) => artifacts.getJson<FailureText>(e.digest ?? "")));
      expect(texts.map((t) => t.workspace).sort()).toEqual(["bad", "dst"]);
      expect(JSON.stringify(texts)).not.toContain("very-secret-token");
      expect(await filesWith(directory.root, "very-secret-token")).toEqual([]);
      expect(texts.find((t) => t.workspace === "bad")?.message).toMatch(/exit|local-exec/i);
      expect(texts.find((t) => t.workspace === "dst")?.message).toContain("no_such_output");
    });

    test("a second run waits for a held workspace, names the holder, and goes on when it is free", async () => {
      const a = await workspace("held", "a");
      const first = await start("held", [a]);
      const waiting = await until(first, (m) => m.phase === "awaiting_approval");
      const second = await start("held", [a]);
      expect(await until(second, (m) => m.phase === "blocked")).toMatchObject({ blockers: [{ workspace: "a", kind: "held", by: first }] });
      await deliver(
        first,
        await approvals.decide({ id: waiting.approval?.id ?? "", decision: "approved", channel: "cli", approver: "tty:me" }),
      );
      expect(await orchestration.result(first)).toMatchObject({ applied: 1 });
      expect(await orchestration.result(second)).toMatchObject({ unchanged: 1 });
    });

    test.each(["SIGKILL", "SIGTERM"] as const)(
      "the worker ends by %s in the middle of an apply: the next one follows the same terraform, which ran once",
      async (signal) => {
        const root = `auto/${signal}`;
        const id = await start(root, [await workspace(root, "a", { seconds: 4 })]);
        await until(id, (m) => m.workspaces[0]?.state === "applying");
        await sleep(1_500);
        await worker.kill(signal);
        worker = await newWorker();
        expect(await orchestration.result(id)).toMatchObject({ applied: 1 });
        expect(await applied(`${root}-a`)).toBe(1);
        expect(states(await memo(id))).toEqual(["applied"]);
      },
    );

    test("what a terminated run held is taken over, with no one to clean up after it", async () => {
      const a = await workspace("taken", "a");
      const first = await start("taken", [a]);
      await until(first, (m) => m.phase === "awaiting_approval");
      const second = await start("taken", [a]);
      await until(second, (m) => m.phase === "blocked");
      await orchestration.terminate(first, "test");
      await until(second, (m) => m.phase === "awaiting_approval");
      await orchestration.signal(second, "cancel", { mode: "drain" });
      await expect(orchestration.result(second)).rejects.toMatchObject({ code: "run_cancelled" });
    });

    test("a state locked by somebody else: the plan waits; a cancellation ends the wait at once", async () => {
      const a = await workspace("auto/locked", "a", { seconds: 60 });
      const other = spawn(program!.path, ["apply", "-auto-approve"], {
        cwd: a.dir,
        stdio: "ignore",
        env: collectEnvironment(process.env, []),
      });
      const ended = new Promise((resolve) => other.once("exit", resolve));
      while (!existsSync(join(a.dir, ".terraform.tfstate.lock.info"))) await sleep(50);
      const patient = await start("auto/locked", [a]);
      const drained = await start("auto/locked", [a]);
      await until(drained, (m) => m.phase === "blocked");
      await orchestration.signal(drained, "cancel", { mode: "drain" });
      await expect(orchestration.result(drained)).rejects.toMatchObject({ code: "run_cancelled" });
      await orchestration.signal(patient, "cancel", { mode: "drain" });
      await expect(orchestration.result(patient)).rejects.toMatchObject({ code: "run_cancelled" });
      expect(other.exitCode).toBeNull();
      other.kill("SIGINT");
      await ended;
    });

    test("stop interrupts a running apply once and says what may be orphaned", async () => {
      const id = await start("auto/stopped", [await workspace("auto/stopped", "a", { seconds: 30 })]);
      await until(id, (m) => m.workspaces[0]?.state === "applying");
      await sleep(1_500);
      await orchestration.signal(id, "cancel", { mode: "stop" });
      await expect(orchestration.result(id)).rejects.toMatchObject({ code: expect.stringMatching(/run_partial|run_cancelled/) });
      expect(states(await memo(id))[0]).toMatch(/partial|in_doubt|cancelled/);
    });

    test("credentials: a named blocker before any program, until they are renewed", async () => {
      const id = await start("auto/creds", [await workspace("auto/creds", "a")], { AWS_ACCESS_KEY_ID: "AKIA0000000000000000" });
      const blocked = await until(id, (m) => m.phase === "blocked");
      const text = await artifacts.getJson<FailureText>(blocked.blockers?.[0]?.by ?? "");
      expect(text).toMatchObject({ code: "credentials", message: expect.stringContaining("AWS_SECRET_ACCESS_KEY") });
      const { kind, ...found } = program!;
      const renewed: RunEnvironment = { variables: collectEnvironment(process.env, []), programs: { [kind]: found }, roots: [folder] };
      await orchestration.signal(id, "refresh_credentials", await artifacts.putJson(renewed));
      expect(await orchestration.result(id)).toMatchObject({ applied: 1 });
    });
  },
);

/** Files below a folder whose bytes hold the text. */
async function filesWith(folder: string, text: string): Promise<string[]> {
  const found: string[] = [];
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name);
    if (entry.isFile() && (await readFile(path)).includes(text)) found.push(path);
  }
  return found;
}
