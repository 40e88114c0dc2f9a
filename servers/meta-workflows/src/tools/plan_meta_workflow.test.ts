import { join } from "node:path";
import type { Call } from "@platform-ops/mcp-kit";
import { describe, expect, test } from "vitest";
import type { MetaWorkflowsDeps } from "../deps.ts";
import { openLibrary } from "../library/open-library.ts";
import { plan_meta_workflow } from "./plan_meta_workflow.ts";

const shipped = join(import.meta.dirname, "../../../../meta-workflows");
const deps = { library: openLibrary({ shipped, settings: { definitions_path: [] } }) } as unknown as MetaWorkflowsDeps;
const plan = async (workflow_name: string, inputs?: Record<string, unknown> | string) => {
  const answer = await plan_meta_workflow.run({ workflow_name, inputs }, deps, {} as Call);
  if (!("data" in answer)) throw new Error("it asked");
  return answer as { text: string; data: Record<string, any> };
};

describe("plan_meta_workflow", () => {
  test("tells what decides, what is called and who approves, and starts nothing", async () => {
    const { data, text } = await plan("staged-deployment", { service: "shop", version: "2.0" });
    expect(data).toMatchObject({ risk: "high", problems: [], approvals: [{ path: "go_live", chance: "will" }], truncated: false });
    expect(data["locks"]).toEqual([{ name: "deploy:production:shop", known: true }]);
    expect(data["calls"]).toContainEqual(expect.objectContaining({ name: "deploy.apply", by: "server" }));
    expect(text).toContain("go_live");
    const high = await plan("incident-response", '{"service":"shop","symptom":"It is down.","severity":"P1"}');
    const low = await plan("incident-response", { service: "shop", symptom: "It is slow.", severity: "P3" });
    const pages = ({ data: { steps } }: typeof high): unknown =>
      (steps as { path: string; chance: string }[]).find(({ path }) => path.endsWith("page_on_call"))?.chance;
    expect([pages(high), pages(low)]).toEqual(["will", "never"]);
  });

  test("names inputs that do not fit, and a row that is kept by hand is planned too", async () => {
    const { data } = await plan("staged-deployment", { service: "Shop!" });
    expect(data["problems"].map(({ input }: { input: string }) => input).toSorted()).toEqual(["service", "version"]);
    expect((await plan("MW-002")).data["actions"].min).toBeGreaterThan(5);
    const asked = await plan("emergency-hotfix");
    expect(asked.data["approvals"]).toMatchObject([{ path: "approval_before_step_3", chance: "will" }]);
    expect(asked.text).toContain("Before “Deploy immediately”: staging is bypassed");
    await expect(plan("staged-deploiment")).rejects.toThrow("Did you mean");
  });
});
