import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { realpathSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { goldenTools, PUBLISHED_BINS, type PublishedBin } from "../support/published-bins.ts";
import { pythonWithClients, runPython } from "../support/python.ts";

// Every built server by clients of a third make: the Python SDK and FastMCP, each in both protocol eras.

const python = pythonWithClients();
let folder: string;

beforeAll(async () => {
  folder = realpathSync(await mkdtemp(join(tmpdir(), "platform-ops-python-")));
  await mkdir(join(folder, "network"));
  await writeFile(join(folder, "network/main.tf"), "");
  await writeFile(join(folder, "infra.yaml"), "workspaces:\n  - name: network\n    dir: network\n");
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** What each server is asked, and what of the answer shows that it was understood. */
const ASKED: Readonly<
  Record<string, { args: readonly string[]; tool: string; given: object; misspelt: string; meant: string; told(data: any): unknown }>
> = {
  terraform: {
    args: ["--root"],
    tool: "list_workflows",
    given: { config_path: "infra.yaml" },
    misspelt: "configpath",
    meant: "config_path",
    told: (data) => data.workflows[0].configured_workspaces[0].name === "network",
  },
  "flux-teleport": {
    args: [],
    tool: "list_environments",
    given: {},
    misspelt: "cluster",
    meant: "unknown argument",
    told: (data) => data.environments[0].name === "default",
  },
  "meta-workflows": {
    args: [],
    tool: "list_meta_workflows",
    given: {},
    misspelt: "statuss",
    meant: "status",
    told: (data) => JSON.stringify(data).includes("MW-001"),
  },
};

const asked = ({ server }: PublishedBin) => ASKED[server]!;

test.for([
  ["mcp", "auto", "2026-07-28"],
  ["mcp", "legacy", "2025-11-25"],
  ["fastmcp", "auto", "2026-07-28"],
  ["fastmcp", "legacy", "2025-11-25"],
] as const)("%s, %s", async ([make, mode, revision], { skip }) => {
  skip(python === undefined, "the Python MCP clients are not installed; run tooling/setup/python-clients.sh");
  const servers = PUBLISHED_BINS.map((published) => {
    const { args, tool, given, misspelt } = asked(published);
    const command = [process.execPath, published.bin, ...args, ...(args.length > 0 ? [folder] : [])];
    return {
      command,
      calls: [
        [tool, given],
        [tool, { [misspelt]: "x" }],
      ],
    };
  });
  const found = await runPython(python!, "sdk_client.py", [make, mode, JSON.stringify(servers)], {
    PLATFORM_OPS_HOME: join(folder, "home"),
  });
  expect(PUBLISHED_BINS.map(({ server }) => server).toSorted()).toEqual(Object.keys(ASKED).toSorted());
  for (const [at, published] of PUBLISHED_BINS.entries()) {
    const { protocol, tools, answers } = found[at];
    expect(protocol).toBe(revision);
    expect(tools).toEqual(goldenTools(published));
    const [listed, refused] = answers;
    const { misspelt, meant, told } = asked(published);
    expect(listed.isError ?? false, listed.content[0].text).toBe(false);
    expect(told(listed.structuredContent), JSON.stringify(listed.structuredContent)).toBe(true);
    expect(listed.content[0].text).not.toBe("");
    expect(refused.isError).toBe(true);
    expect(refused.content[0].text).toContain(misspelt);
    expect(refused.content[0].text).toContain(meant);
  }
});
