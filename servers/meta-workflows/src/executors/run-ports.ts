import { isMarkOfSecret } from "@platform-ops/ledger";
import type { RunEnvironment } from "../worker/run-contract.ts";
import type { ExecutorDeps } from "./executor-deps.ts";
import { BUILT_IN_TOOLS } from "./tools/built-in-tools.ts";
import type { ToolPorts } from "./tools/call-tool.ts";
import { ToolServers } from "./tools/tool-servers.ts";

/** Environments whose servers are kept warm; those of the one that was used longest ago are ended first. */
const MOST_WARM = 8;

interface Open {
  readonly ports: Promise<ToolPorts>;
  calls: number;
}

/** What calls are made with, by the environment of their run: never that of the client that happened to start the worker. */
export class RunPorts {
  readonly #deps: ExecutorDeps;
  readonly #open = new Map<string, Open>();

  constructor(deps: ExecutorDeps) {
    this.#deps = deps;
  }

  /**
   * Works with the ports of a run.
   * @param environment digest of its own environment; undefined in runs of earlier versions, which get this process's
   * @throws OpsError artifact_missing, and what `work` throws
   */
  async use<T>(environment: string | undefined, work: (ports: ToolPorts) => Promise<T>): Promise<T> {
    const open = this.#of(environment);
    open.calls += 1;
    try {
      return await work(await open.ports);
    } finally {
      open.calls -= 1;
      void this.#endOldest();
    }
  }

  async close(): Promise<void> {
    const all = [...this.#open.values()];
    this.#open.clear();
    await Promise.all(all.map(endOf));
  }

  #of(environment: string | undefined): Open {
    const key = environment ?? "";
    const known = this.#open.get(key);
    // The one that is used now is the newest.
    this.#open.delete(key);
    const open = known ?? { ports: this.#portsOf(environment), calls: 0 };
    this.#open.set(key, open);
    open.ports.catch(() => this.#open.delete(key));
    return open;
  }

  async #portsOf(environment: string | undefined): Promise<ToolPorts> {
    const deps = environment === undefined ? this.#deps : await this.#depsOf(environment);
    return { deps, servers: new ToolServers(deps), builtIn: BUILT_IN_TOOLS };
  }

  async #depsOf(environment: string): Promise<ExecutorDeps> {
    const { artifacts, redactor, withVariables } = this.#deps;
    const { variables } = await artifacts.getJson<RunEnvironment>(environment);
    for (const [name, value] of Object.entries(variables)) if (isMarkOfSecret(name)) redactor.addSecret(value);
    return { ...this.#deps, ...withVariables(variables) };
  }

  async #endOldest(): Promise<void> {
    const [key, open] = [...this.#open].find(([, { calls }]) => calls === 0) ?? [];
    if (this.#open.size <= MOST_WARM || key === undefined || open === undefined) return;
    this.#open.delete(key);
    await endOf(open);
  }
}

async function endOf({ ports }: Open): Promise<void> {
  await (await ports.catch(() => undefined))?.servers.close().catch(() => undefined);
}
