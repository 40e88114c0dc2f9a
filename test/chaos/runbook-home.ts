import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { newHome, type TestHome } from "../support/home.ts";
import { META_WORKFLOWS_BIN, REPOSITORY } from "../support/mcp-client.ts";

const TOOLS: Readonly<Record<string, string>> = {
  "obs.health": "health",
  "obs.error_ratio": "error_ratio",
  "notify.page": "page",
  "notify.status": "status",
  "ops.mitigate": "mitigate",
  "ops.mitigation_status": "mitigation_status",
  "deploy.apply": "apply",
  "deploy.smoke_test": "smoke_test",
  "deploy.plan": "plan",
  "deploy.status": "deployed",
};
/** What may not happen twice has happened so long before it is answered, so that a kill can fall between. */
const SLOW_MS = 1_000;

/** A data directory whose runbooks act on a platform that counts. */
export interface RunbookHome extends TestHome {
  /** What has happened on the platform since `forget`, sorted. */
  effects(): Promise<string[]>;
  forget(): Promise<void>;
}

/** Makes one. The watch of `staged-deployment` is a second long; all else is as shipped. */
export async function runbookHome(): Promise<RunbookHome> {
  const platform = join(REPOSITORY, "test/support/counting-platform.mjs");
  const home = await newHome({
    bin: META_WORKFLOWS_BIN,
    config: `meta_workflows:
  definitions_path: runbooks
  bindings: bindings.yaml
  servers: { platform: { command: [${JSON.stringify(process.execPath)}, ${JSON.stringify(platform)}, effects-of-runs, "${SLOW_MS}"], cwd: project } }
`,
  });
  const folder = join(home.configFile, "..");
  const shipped = await readFile(join(REPOSITORY, "meta-workflows/staged-deployment/workflow.yaml"), "utf8");
  const short = shipped.replace('hold: "${{ inputs.watch_minutes }}m"', "hold: 1s").replace("every: 30s", "every: 1s");
  if (short === shipped) throw new Error("the watch of staged-deployment is not where it was");
  const bindings = {
    schema: "bindings/v1",
    capabilities: Object.fromEntries(Object.entries(TOOLS).map(([of, tool]) => [of, { server: "platform", tool }])),
  };
  await Promise.all([mkdir(join(folder, "runbooks")), mkdir(join(home.project, "effects-of-runs"))]);
  await writeFile(join(folder, "runbooks/staged-deployment.yaml"), short);
  await writeFile(join(folder, "bindings.yaml"), JSON.stringify(bindings));
  const file = join(home.project, "effects-of-runs/effects");
  return {
    ...home,
    async effects() {
      const text = await readFile(file, "utf8").catch(() => "");
      return text
        .split("\n")
        .filter((line) => line !== "")
        .toSorted();
    },
    forget: () => rm(file, { force: true }),
  };
}
