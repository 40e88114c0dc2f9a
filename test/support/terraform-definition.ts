import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { realpathSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readSettings } from "@platform-ops/ledger";
import type { ServerDefinition } from "@platform-ops/mcp-kit";
import { createDeps } from "../../servers/terraform/src/deps.ts";
import { IDENTITY } from "../../servers/terraform/src/identity.ts";
import { terraformServer } from "../../servers/terraform/src/server.ts";

/** The terraform server as a value, over an empty data directory and a project folder of its own. */
export interface InProcess {
  readonly folder: string;
  readonly project: string;
  definition(): ServerDefinition;
  remove(): Promise<void>;
}

/** Makes one. Nothing is installed in it: what needs Temporal answers `setup_needed`. */
export async function inProcess(): Promise<InProcess> {
  const folder = realpathSync(await mkdtemp(join(tmpdir(), "platform-ops-contract-")));
  const project = join(folder, "project");
  await mkdir(project);
  const env = { PLATFORM_OPS_HOME: join(folder, "home"), PLATFORM_OPS_CACHE: join(folder, "cache") };
  const effective = readSettings({ argv: ["--root", project], env, cwd: project, home: folder, platform: process.platform });
  return {
    folder,
    project,
    definition: () =>
      terraformServer(
        createDeps({
          ...effective,
          name: IDENTITY.name,
          version: IDENTITY.version,
          user: "tester",
          cwd: project,
          homeFolder: folder,
          platform: process.platform,
          path: "",
          env,
          dist: join(folder, "not-built"),
          startedAs: "terraform-mcp",
          entry: { command: "npx", args: ["-y", IDENTITY.package] },
          verbose: false,
          signingEnvironment: {},
          color: "never",
          settingsFiles: [],
        }),
      ),
    remove: () => rm(folder, { recursive: true, force: true }),
  };
}
