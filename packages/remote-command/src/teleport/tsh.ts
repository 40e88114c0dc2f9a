// What tools ask of Teleport itself: versions, who is logged in, clusters, machines, access requests. Commands go through the transport.
import { OpsError } from "@platform-ops/errors";
import type { ClusterSettings, RemoteSettings } from "@platform-ops/ledger";
import type { Surroundings } from "../surroundings.ts";
import type { RemoteNode } from "../target.ts";
import { classifyTsh } from "./error-table.ts";
import { failureContext, openLoginCheck, type LoginCheck } from "./login-check.ts";
import { loginCommand } from "./login-command.ts";
import { pingProxy, type ProxyPing } from "./proxy-ping.ts";
import {
  parseClusters,
  parseCreatedRequest,
  parseNodes,
  parseRequests,
  parseVersion,
  type AccessRequest,
  type TeleportCluster,
  type TeleportStatus,
} from "./tsh-output.ts";
import { openTshProgram } from "./tsh-program.ts";
import { lastError } from "./tsh-stderr.ts";
import { globalWords, lsWords } from "./tsh-words.ts";
import { openVersionCheck, type VersionCheck } from "./version-check.ts";
import { versionVerdict } from "./version-verdict.ts";

/** What somebody asks for: roles, or machines by their ids. */
export interface AccessWish {
  readonly roles?: readonly string[];
  /** UUIDs of machines. */
  readonly nodes?: readonly string[];
  readonly reason: string;
}

/** Teleport's answers. `cluster` is always a name of the operator's file. */
export interface Tsh {
  /** @throws OpsError program_missing */
  installed(): Promise<{ path: string; version: string }>;
  /** By HTTPS; by tsh where an HTTP proxy stands in between. @throws OpsError proxy_unreachable, settings_invalid (no proxy named) */
  proxyVersion(cluster: string, signal?: AbortSignal): Promise<ProxyPing>;
  /** Whether tsh goes with the cluster's proxy; begun by the first thing that is asked there. */
  versions(cluster: string): VersionCheck;
  /** From the disk alone: says nothing of the proxy. */
  status(cluster: string, signal?: AbortSignal): Promise<TeleportStatus>;
  /** The command with which a person logs in; with a request's id, to use what it granted. */
  loginCommand(cluster: string, options?: { requestId?: string }): string;
  clusters(cluster: string, signal?: AbortSignal): Promise<readonly TeleportCluster[]>;
  nodes(cluster: string, signal?: AbortSignal): Promise<readonly RemoteNode[]>;
  requests(cluster: string, signal?: AbortSignal): Promise<readonly AccessRequest[]>;
  /** Asks; never approves and never waits. */
  createRequest(cluster: string, wish: AccessWish, signal?: AbortSignal): Promise<{ id: string }>;
  /** @throws OpsError not_found */
  showRequest(cluster: string, id: string, signal?: AbortSignal): Promise<AccessRequest>;
}

/** Starts nothing yet. */
export function openTsh(settings: RemoteSettings, surroundings: Surroundings): Tsh {
  const program = openTshProgram(settings, surroundings);
  const checks = new Map<string, LoginCheck>();
  const versionChecks = new Map<string, VersionCheck>();
  const checkOf = (cluster: string): LoginCheck => {
    const check = checks.get(cluster) ?? openLoginCheck(cluster, teleportOf(settings, cluster), program);
    checks.set(cluster, check);
    return check;
  };

  /** A call that needs a login. */
  const ask = async (cluster: string, words: readonly string[], signal: AbortSignal | undefined): Promise<string> => {
    tsh.versions(cluster).begin();
    await checkOf(cluster).ensure(signal);
    const { exit, stdout, stderr } = await program.call(words, signal === undefined ? {} : { signal });
    if (exit === 0) return stdout;
    checkOf(cluster).forget();
    throw classifyTsh(lastError(stderr) ?? "", failureContext(cluster, teleportOf(settings, cluster))).error;
  };
  const requestWords = (cluster: string, ...words: readonly string[]): string[] => [
    ...globalWords(teleportOf(settings, cluster)),
    "request",
    ...words,
  ];

  const tsh: Tsh = {
    async installed() {
      return { path: await program.path(), version: await program.version() };
    },
    async proxyVersion(cluster, signal) {
      const teleport = teleportOf(settings, cluster);
      const proxy = teleport.proxy ?? (await checkOf(cluster).status(signal)).proxy;
      if (proxy === undefined) {
        throw new OpsError("settings_invalid", `The operator's file names no proxy for ${cluster}, and nobody is logged in.`, {
          hint: `Set remote.clusters.${cluster}.teleport.proxy, or: ${loginCommand(teleport)}`,
        });
      }
      const aborted = signal === undefined ? {} : { signal };
      if (!throughHttpProxy(surroundings.env)) return pingProxy(proxy, surroundings, { insecure: teleport.insecure, ...aborted });
      const words = [...globalWords({ ...teleport, proxy }), "version", "--format=json"];
      const version = parseVersion((await program.call(words, aborted)).stdout).proxy;
      if (version === undefined) throw new OpsError("proxy_unreachable", `The proxy ${proxy} did not tell its version.`);
      return { proxy, version };
    },
    versions(cluster) {
      const check =
        versionChecks.get(cluster) ??
        openVersionCheck(async () => {
          // A proxy that does not answer costs no start of tsh.
          const { version } = await tsh.proxyVersion(cluster);
          return versionVerdict(await program.version(), version);
        });
      versionChecks.set(cluster, check);
      return check;
    },
    status: (cluster, signal) => checkOf(cluster).status(signal),
    loginCommand: (cluster, options) => loginCommand(teleportOf(settings, cluster), options),
    clusters: async (cluster, signal) =>
      parseClusters(await ask(cluster, [...globalWords(teleportOf(settings, cluster)), "clusters", "--format=json"], signal)),
    nodes: async (cluster, signal) => parseNodes(await ask(cluster, lsWords(teleportOf(settings, cluster)), signal)),
    requests: async (cluster, signal) => parseRequests(await ask(cluster, requestWords(cluster, "ls", "--format=json"), signal)),
    async createRequest(cluster, wish, signal) {
      const words = requestWords(cluster, "create", ...wishWords(wish, teleportOf(settings, cluster)), "--nowait");
      const id = parseCreatedRequest(await ask(cluster, words, signal));
      if (id === undefined)
        throw new OpsError("in_doubt", "tsh did not tell the request's id.", { hint: "List the requests before it is asked again." });
      return { id };
    },
    async showRequest(cluster, id, signal) {
      // `tsh request show` is text before 15; the list has the same in JSON, and misses none that is open to this account.
      const found = parseRequests(await ask(cluster, requestWords(cluster, "ls", "--format=json"), signal)).find(
        (request) => request.id === id,
      );
      if (found === undefined)
        throw new OpsError("not_found", `There is no access request ${/^[\w-]{1,64}$/.test(id) ? id : "of that id"}.`);
      return found;
    },
  };
  return tsh;
}

/**
 * How a cluster is reached.
 * @throws OpsError not_allowed for a name that the operator's file does not have, invalid_input for one that is not behind Teleport
 */
export function teleportOf(settings: Pick<RemoteSettings, "clusters">, cluster: string): ClusterSettings["teleport"] {
  const found = Object.hasOwn(settings.clusters, cluster) ? settings.clusters[cluster] : undefined;
  if (found === undefined) {
    const known = Object.keys(settings.clusters).join(", ");
    throw new OpsError("not_allowed", `This cluster is not allowed. Allowed: ${known === "" ? "none" : known}.`);
  }
  if (found.transport !== "teleport") throw new OpsError("invalid_input", `${cluster} is reached by ${found.transport}, not by Teleport.`);
  return found.teleport;
}

/** Names are checked: each is one word, and none an option. */
function wishWords(wish: AccessWish, teleport: ClusterSettings["teleport"]): string[] {
  const bad = (what: string): never => {
    throw new OpsError("invalid_input", `${what} is none that Teleport knows.`);
  };
  for (const role of wish.roles ?? []) if (!/^[A-Za-z0-9][A-Za-z0-9._:@-]{0,127}$/.test(role)) bad("A role");
  for (const node of wish.nodes ?? []) if (!/^[0-9a-fA-F-]{36}$/.test(node)) bad("The id of a machine");
  if ((wish.roles ?? []).length + (wish.nodes ?? []).length === 0)
    throw new OpsError("invalid_input", "Name a role or a machine to ask for.");
  if (/[\u0000-\u001F\u007F]/.test(wish.reason)) throw new OpsError("invalid_input", "reason is one line of text.");
  return [
    ...((wish.roles ?? []).length === 0 ? [] : [`--roles=${wish.roles?.join(",")}`]),
    ...(wish.nodes ?? []).map((node) => `--resource=/${teleport.cluster}/node/${node}`),
    `--reason=${wish.reason}`,
  ];
}

/** Node's HTTPS knows no proxies; tsh does. */
function throughHttpProxy(env: Surroundings["env"]): boolean {
  return ["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"].some((name) => (env[name] ?? "") !== "");
}
