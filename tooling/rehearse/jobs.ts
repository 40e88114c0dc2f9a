import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";

/** What a user does first with an installed server: a call that proves that all of it came. */
export interface Job {
  readonly server: string;
  /** Prepares the user's folder; resolves to the arguments and variables of the start. */
  prepare(folder: string): Promise<{ args: readonly string[]; env: Readonly<Record<string, string>> }>;
  readonly call: { readonly name: string; readonly arguments: Record<string, unknown> };
  /** Whether the answer is the one that is wanted. */
  accepts(data: Record<string, any>): boolean;
}

/** The first call of each server, none of which needs a set-up. */
export const JOBS: readonly Job[] = [
  {
    server: "flux-teleport",
    async prepare(folder) {
      const config = join(folder, "config.yaml");
      const file = {
        remote: { clusters: { here: { transport: "local" } } },
        environments: [{ name: "lab", match: { clusters: ["here"] }, remote: { preset: "open" } }],
      };
      await writeFile(config, JSON.stringify(file), { mode: 0o600 });
      return { args: [], env: { PLATFORM_OPS_CONFIG: config } };
    },
    call: { name: "run_remote_command", arguments: { cluster: "here", command: "echo it-ran" } },
    accepts: (data) => data["exit_code"] === 0 && data["stdout"] === "it-ran\n",
  },
  {
    server: "meta-workflows",
    prepare: async () => ({ args: [], env: {} }),
    call: { name: "match_meta_workflow", arguments: { intent: "there is an incident in production" } },
    accepts: (data) => JSON.stringify(data).includes("incident-response"),
  },
  {
    server: "terraform",
    async prepare(folder) {
      await mkdir(join(folder, "network"));
      await writeFile(join(folder, "network/main.tf"), "");
      await writeFile(join(folder, "infra.yaml"), "workspaces:\n  - name: network\n    dir: network\n");
      return { args: ["--root", folder], env: {} };
    },
    call: { name: "list_workflows", arguments: { config_path: "infra.yaml" } },
    accepts: (data) => JSON.stringify(data).includes('"network"'),
  },
];
