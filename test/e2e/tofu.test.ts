import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, describe, expect, test } from "vitest";
import { effects, writeProject } from "../support/home.ts";
import { ended, openSession, phases, startRun, statusWhen, workspace, type Session } from "../support/run.ts";
import { tofuForTests } from "../support/tofu.ts";

// `kind: tofu` is no second-class citizen: the same job, side by side with terraform.

const tofu = tofuForTests();

describe.skipIf(tofu === undefined)(
  "OpenTofu (needs the tofu program: set PLATFORM_OPS_TEST_TOFU to its path, or run `npm run setup`)",
  () => {
    let session: Session;
    afterEach(() => session.remove());

    test("plan, approve, apply, outputs into a terraform workspace and back, a second run with nothing to do, a preview, the end of all", async () => {
      session = await openSession(`terraform: { tofu_path: ${JSON.stringify(tofu)} }\n`);
      const { home, connect } = session;
      const workspaces = [
        { name: "a", kind: "tofu" },
        { name: "b", kind: "terraform", needs: ["a"] },
        { name: "c", kind: "tofu", needs: ["b"] },
      ] as const;
      await writeProject(home.project, workspaces);
      const agent = await connect();
      const id = await startRun(agent);
      const waiting = await statusWhen(agent, id, (data) => data["phase"] === "awaiting_approval");
      expect(waiting.data["approval"].workspaces).toEqual(["a"]);
      const plan = await agent.call("get_plan", { workflow_id: id });
      expect(plan.data["plans"]).toMatchObject([
        { workspace: "a", counts: { add: 1, outputs: 2 }, program: expect.stringMatching(/^tofu 1\./), complete: true },
      ]);
      await agent.call("request_approval", { workflow_id: id });
      for (const name of ["b", "c"]) {
        await statusWhen(agent, id, (data) => data["phase"] === "awaiting_approval" && data["approval"].workspaces[0] === name);
        await agent.call("request_approval", { workflow_id: id });
      }
      const done = await ended(agent, id);
      expect(phases(done), done.text).toEqual({ a: "applied", b: "applied", c: "applied" });
      const outputs = await agent.call("get_outputs", { workflow_id: id });
      expect(outputs.data["outputs"]).toMatchObject(
        ["a", "b", "c"].flatMap((name) => [
          { workspace: name, name: "id", json: `"id-of-${name}"` },
          { workspace: name, name: "secret", sensitive: true, json: '"(sensitive)"' },
        ]),
      );

      const again = await ended(agent, await startRun(agent));
      expect(phases(again), again.text).toEqual({ a: "unchanged", b: "unchanged", c: "unchanged" });
      expect(await Promise.all(["a", "b", "c"].map((name) => effects(home.project, name)))).toEqual([1, 1, 1]);

      await writeProject(home.project, workspaces, { apply: false });
      await writeFile(join(home.project, "a", "more.tf"), 'resource "terraform_data" "more" {}\n');
      const preview = await ended(agent, await startRun(agent));
      expect(phases(preview), preview.text).toEqual({ a: "planned", b: "unchanged", c: "unchanged" });

      await writeProject(home.project, workspaces);
      const gone = (await agent.call("destroy_workspaces", { only: ["a", "b", "c"] })).data["workflow_id"] as string;
      await statusWhen(agent, gone, (data) => data["phase"] === "awaiting_approval");
      expect((await agent.call("request_approval", { workflow_id: gone })).text).toContain("a, b, c");
      const destroyed = await ended(agent, gone);
      expect(phases(destroyed), destroyed.text).toEqual({ a: "applied", b: "applied", c: "applied" });
      for (const { name } of workspaces)
        expect(JSON.parse(await readFile(join(home.project, name, "terraform.tfstate"), "utf8"))["resources"]).toEqual([]);
    });

    test("an apply that fails half-way says which resource was made and which was not", async () => {
      session = await openSession(
        `terraform: { tofu_path: ${JSON.stringify(tofu)} }\napprovals: { auto: [{ environments: ["*"], workspaces: ["*"], changes: [create, outputs] }] }\n`,
      );
      const { home, connect } = session;
      await writeProject(home.project, [
        {
          name: "a",
          kind: "tofu",
          more: 'resource "terraform_data" "broken" {\n  depends_on = [terraform_data.it]\n  provisioner "local-exec" {\n    command = "exit 3"\n  }\n}',
        },
      ]);
      const agent = await connect();
      const done = await ended(agent, await startRun(agent));
      expect(workspace(done, "a"), done.text).toMatchObject({ error: { code: "command_failed" } });
      expect(workspace(done, "a").error?.message).toContain("terraform_data.broken");
      expect(await effects(home.project, "a")).toBe(1);
    });

    test("tofu that is not there is named before anything starts", async () => {
      session = await openSession("terraform: { tofu_path: /nowhere/tofu }\n");
      const { home, connect } = session;
      await writeProject(home.project, [{ name: "a", kind: "tofu" }]);
      const agent = await connect();
      const refused = await agent.call("execute_workflow", { config_path: "infra.yaml" });
      expect(refused.isError, refused.text).toBe(true);
      expect(refused.text).toMatch(/^program_missing: .*\/nowhere\/tofu/);
    });
  },
);
