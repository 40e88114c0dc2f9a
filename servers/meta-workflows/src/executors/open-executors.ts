import { readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { OpsError } from "@platform-ops/errors";
import { once, type DataDirectory, type MetaWorkflowsSettings } from "@platform-ops/ledger";
import type { ServerConfig } from "@platform-ops/mcp-kit";
import { installedFrom } from "@platform-ops/orchestration";
import { NO_BINDINGS, type Bindings } from "./bindings/bindings.ts";
import { parseBindings } from "./bindings/parse-bindings.ts";
import { createExecutors, type Executors } from "./create-executors.ts";
import type { AllowedServer, ExecutorDeps } from "./executor-deps.ts";
import { OWN_SERVERS, ownServerCommand, type OwnServer } from "./tools/own-servers.ts";

/** What a worker has open already. */
export type ExecutorParts = Pick<ExecutorDeps, "approvals" | "policy" | "audit" | "artifacts" | "redactor"> & {
  readonly directory: DataDirectory;
};

const MAX_SECRET_BYTES = 65_536;

/** The executors of a worker, by its settings. Reads and starts nothing before the first call. */
export function openExecutors(parts: ExecutorParts, config: ServerConfig): Executors {
  const { settings, policy, env, homeFolder, platform, version } = config;
  const { directory, ...kept } = parts;
  const withVariables = (variables: Readonly<Record<string, string | undefined>>): ReturnType<ExecutorDeps["withVariables"]> => ({
    environment: variables,
    secret: (name) => secretOf(settings.meta_workflows.secrets, variables, name),
    remote: once(async () => {
      const { openRemote } = await import("@platform-ops/remote-command");
      const surroundings = { env: variables, home: homeFolder, platform, runtimeFolder: join(settings.home, "sockets") };
      return openRemote({ settings: settings.remote, policy, surroundings });
    }),
  });
  return createExecutors({
    ...kept,
    settings: settings.meta_workflows,
    bindings: bindingsOf(settings.meta_workflows.bindings),
    own_servers: ownServers(config),
    journals: directory.path("runs", "programs"),
    ...withVariables(env),
    withVariables,
    version,
  });
}

/** Our own servers, looked for when they are first called: one that was installed meanwhile is found. */
function ownServers({ settings, files, dist, path }: ServerConfig): ExecutorDeps["own_servers"] {
  // They are ours, keep their own laws, and read the same settings.
  const args = [`--home=${settings.home}`, ...(files.config === undefined ? [] : [`--config=${files.config}`])];
  const started = (name: OwnServer) => (): AllowedServer => ({
    command: [...ownServerCommand(name, { dist: installedFrom(dist), path }), ...args],
    env: ["*"],
  });
  return Object.fromEntries(OWN_SERVERS.map((name) => [name, started(name)]));
}

/** What the operator's file of bindings says, read again where it changed. */
function bindingsOf(file: string | undefined): () => Bindings {
  if (file === undefined) return () => NO_BINDINGS;
  let read: { readonly stamp: string; readonly bindings: Bindings } | undefined;
  return () => {
    const facts = statSync(file, { throwIfNoEntry: false });
    if (facts === undefined)
      throw new OpsError("config_not_found", `The file of bindings ${file} is not there.`, { hint: "Correct meta_workflows.bindings." });
    const stamp = `${facts.ino} ${facts.mtimeMs} ${facts.size}`;
    if (read?.stamp !== stamp) read = { stamp, bindings: readBindings(file) };
    return read.bindings;
  };
}

function readBindings(file: string): Bindings {
  const { bindings, problems } = parseBindings(readFileSync(file, "utf8"), file);
  if (bindings !== undefined) return bindings;
  const [first] = problems;
  throw new OpsError(
    "invalid_config",
    `The file of bindings has ${problems.length} problem(s), the first in line ${first?.line}: ${first?.message}`,
    {
      hint: `Correct ${file}.`,
      details: { problems },
    },
  );
}

function secretOf(
  secrets: MetaWorkflowsSettings["secrets"],
  env: Readonly<Record<string, string | undefined>>,
  name: string,
): string | undefined {
  const from = Object.hasOwn(secrets, name) ? secrets[name] : undefined;
  if (from === undefined) return undefined;
  if ("env" in from) return env[from.env];
  const facts = statSync(from.file, { throwIfNoEntry: false });
  if (facts === undefined || !facts.isFile() || facts.size > MAX_SECRET_BYTES) return undefined;
  if ((facts.mode & 0o077) !== 0)
    throw new OpsError("not_allowed", `The file of the secret ${name} may be read by other accounts.`, {
      hint: `Run: chmod 600 ${from.file}`,
    });
  return readFileSync(from.file, "utf8").replace(/\r?\n$/, "");
}
