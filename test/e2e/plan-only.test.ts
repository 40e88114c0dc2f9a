import { cp, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, expect, test } from "vitest";
import { AUTO_CONFIG } from "../support/home.ts";
import { REPOSITORY, type Agent, type ToolAnswer } from "../support/mcp-client.ts";
import { ended, openSession, phases, startRun, workspace, type Session } from "../support/run.ts";

// What a run that only plans can say of workspaces below one that would change.

let session: Session;
afterEach(() => session.remove());

async function threeTier(): Promise<{ agent: Agent; plan(): Promise<ToolAnswer> }> {
  session = await openSession(AUTO_CONFIG);
  const { project } = session.home;
  await cp(join(REPOSITORY, "examples/three-tier"), project, { recursive: true });
  const agent = await session.connect();
  const applied = await ended(agent, await startRun(agent));
  expect(applied.data["phase"], applied.text).toBe("completed");
  const text = await readFile(join(project, "infra.yaml"), "utf8");
  await writeFile(join(project, "plan.yaml"), text.replaceAll(/^( {2}- name: .*)$/gm, "$1\n    operations: [init, validate, plan]"));
  return { agent, plan: async () => await ended(agent, await startRun(agent, { config_path: "plan.yaml" })) };
}

test("below a drifted file everything is planned with the last outputs; below an output that would change it waits, and says for what", async () => {
  const { agent, plan } = await threeTier();
  const { project } = session.home;
  await writeFile(join(project, "built/network.json"), "edited by hand\n");
  const drifted = await plan();
  expect(phases(drifted), drifted.text).toEqual({ network: "planned", subnets: "unchanged", cluster: "unchanged", service: "unchanged" });
  expect(drifted.data["phase"]).toBe("completed");

  const shown = await agent.call("get_plan", { workflow_id: drifted.data["workflow_id"] });
  const lines = shown.data["changes"] as { workspace: string; kind: string; address: string; action: string }[];
  expect(new Set(lines.map((line) => line.workspace)), shown.text).toEqual(new Set(["network"]));
  expect(lines.filter((line) => line.kind === "output")).toEqual([]);
  const { add, change, destroy, replace } = shown.data["plans"].find((p: { workspace: string }) => p.workspace === "network").counts;
  expect(lines.filter((line) => line.kind === "resource").length).toBe(add + change + destroy + replace);

  await writeFile(join(project, "network/example.tfvars"), 'name = "renamed"\naddress_range = "10.77.0.0/16"\n');
  const moved = await plan();
  expect(phases(moved), moved.text).toEqual({ network: "planned", subnets: "deferred", cluster: "deferred", service: "deferred" });
  expect(workspace(moved, "subnets").because).toBe("network.address_range");
  expect(moved.text).toContain("- subnets: deferred, waits for network.address_range");
});
