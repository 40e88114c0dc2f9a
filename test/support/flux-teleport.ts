import { mkdir, mkdtemp, readFile, readdir, rm, writeFile } from "node:fs/promises";
import { realpathSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { ServerDefinition } from "@platform-ops/mcp-kit";
import { createDeps, type FluxTeleportDeps } from "../../servers/flux-teleport/src/deps.ts";
import { readConfig } from "../../servers/flux-teleport/src/read-config.ts";
import { fluxTeleportServer } from "../../servers/flux-teleport/src/server.ts";
import type { Sshd } from "./sshd.ts";
import type { EmulatedTsh } from "./tsh/start-tsh.ts";

/** The flux-teleport server as a value, over a data directory and an operator's file of its own. */
export interface MachinesServer {
  readonly folder: string;
  readonly deps: FluxTeleportDeps;
  readonly definition: ServerDefinition;
  /** What `audit/` holds, oldest first. */
  audit(): Promise<Record<string, unknown>[]>;
  remove(): Promise<void>;
}

/** Makes one. `config` is the operator's file as YAML text; `env` are variables beside it. */
export async function machinesServer(config?: string, env: Readonly<Record<string, string>> = {}): Promise<MachinesServer> {
  const folder = realpathSync(await mkdtemp(join(tmpdir(), "platform-ops-machines-")));
  const project = join(folder, "project");
  await mkdir(project);
  const file = join(folder, "config.yaml");
  if (config !== undefined) await writeFile(file, config, { mode: 0o600 });
  const deps = createDeps(
    readConfig({
      argv: [],
      env: {
        PATH: process.env["PATH"] ?? "",
        HOME: folder,
        PLATFORM_OPS_HOME: join(folder, "home"),
        ...(config === undefined ? {} : { PLATFORM_OPS_CONFIG: file }),
        ...env,
      },
      script: join(folder, "bin.js"),
      runtime: "node",
      cwd: project,
      home: folder,
      user: "tester",
      platform: process.platform,
    }),
  );
  const audit = join(folder, "home/audit");
  return {
    folder,
    deps,
    definition: fluxTeleportServer(deps),
    async audit() {
      const files = (await readdir(audit).catch(() => [])).toSorted();
      const texts = await Promise.all(files.map((name) => readFile(join(audit, name), "utf8")));
      return texts
        .flatMap((text) => text.split("\n").filter((line) => line !== ""))
        .map((line) => JSON.parse(line) as Record<string, unknown>);
    },
    async remove() {
      await deps.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** An operator's file with one cluster of plain SSH, `staging`, whose machines (`web1`, `web2`) are one sshd. `more` is added to it. */
export function sshConfig(server: Sshd, more: Readonly<Record<string, unknown>> = {}): string {
  const host = (name: string, labels: Record<string, string>): object => ({ name, host: server.host, port: server.port, labels });
  return JSON.stringify({
    remote: {
      clusters: {
        staging: {
          transport: "ssh",
          user: server.user,
          ssh: {
            hosts: [host("web1", { env: "staging", role: "web" }), host("web2", { env: "staging", role: "db" })],
            known_hosts: [server.knownHosts],
            identity_files: [server.clientKey],
          },
        },
      },
    },
    ...more,
  });
}

/** An operator's file with one cluster behind an emulated Teleport, `lab`, whose machine `web1` lets `root` in. `more` is added to it. */
export function teleportConfig(
  tsh: EmulatedTsh,
  teleport: Readonly<Record<string, unknown>> = {},
  more: Readonly<Record<string, unknown>> = {},
): string {
  const cluster = { cluster: "loop.test", proxy: tsh.proxy, insecure: true, ...teleport };
  return JSON.stringify({
    remote: { tsh_path: tsh.path, teleport_home: tsh.home, clusters: { lab: { transport: "teleport", teleport: cluster } } },
    ...more,
  });
}
