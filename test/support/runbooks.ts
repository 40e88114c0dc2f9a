import { mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { openDataDirectory, openKeys } from "@platform-ops/ledger";
import { connect, type Orchestration } from "@platform-ops/orchestration/client";
import { newHome, type TestHome } from "./home.ts";
import { META_WORKFLOWS_BIN, startAgent, type Agent, type ServerProcess } from "./mcp-client.ts";

/** A data directory with runbooks of its own, the agents that work on them, and the Temporal that carries them. */
export interface Runbooks {
  readonly home: TestHome;
  /** A client beside the built server; it ends with `close`. */
  agent(options?: Pick<ServerProcess, "env" | "clientName" | "person">): Promise<Agent>;
  /** Our own connection to the local Temporal, which is started where it does not run yet. */
  temporal(): Promise<Orchestration>;
  /** Ends agents and processes and removes all. */
  close(): Promise<void>;
}

/**
 * Makes one.
 * @param options.definitions file name → YAML text, in the folder that the server reads
 * @param options.settings further keys of `meta_workflows` in the operator's file
 * @param options.files path beside the operator's file → text, for its owner alone
 * @param options.further further sections of the operator's file
 */
export async function openRunbooks(options: {
  definitions: Readonly<Record<string, string>>;
  settings?: Readonly<Record<string, unknown>>;
  files?: Readonly<Record<string, string>>;
  further?: Readonly<Record<string, unknown>>;
}): Promise<Runbooks> {
  const config = JSON.stringify({ ...options.further, meta_workflows: { definitions_path: "runbooks", ...options.settings } });
  const home = await newHome({ bin: META_WORKFLOWS_BIN, config });
  const folder = dirname(home.configFile);
  await mkdir(join(folder, "runbooks"));
  const files = [
    ...Object.entries(options.definitions).map(([name, text]) => [join("runbooks", name), text] as const),
    ...Object.entries(options.files ?? {}),
  ];
  await Promise.all(files.map(([path, text]) => writeFile(join(folder, path), text, { mode: 0o600 })));
  const agents: Agent[] = [];
  let connection: Promise<Orchestration> | undefined;
  const agent: Runbooks["agent"] = async ({ env, ...more } = {}) => {
    const started = await startAgent({
      bin: META_WORKFLOWS_BIN,
      roots: [],
      home: home.home,
      env: { ...home.env, ...env },
      cwd: home.project,
      ...more,
    });
    agents.push(started);
    return started;
  };
  const open = async (): Promise<Orchestration> => {
    const one = agents[0] ?? (await agent());
    await one.call("list_runs");
    const { data } = await one.call("health_check");
    const keys = await openKeys(await openDataDirectory(home.home));
    return connect({ mode: "local", address: data["components"].temporal.host, namespace: "default", keys });
  };
  return {
    home,
    agent,
    temporal: () => (connection ??= open()),
    async close() {
      await connection?.then((opened) => opened.close()).catch(() => undefined);
      await Promise.all(agents.map((one) => one.close().catch(() => undefined)));
      await home.remove();
    },
  };
}
