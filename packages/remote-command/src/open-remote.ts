import { OpsError } from "@platform-ops/errors";
import { environmentsOfMachine, type ClusterSettings, type Policy, type RemoteSettings } from "@platform-ops/ledger";
import type { RemoteCommand } from "./command.ts";
import { oneVerdict, runOnMany } from "./fan-out.ts";
import { checkTarget } from "./names.ts";
import { judgeCommand, needsLook } from "./policy/judge-command.ts";
import type { Consent, Remote, RunOptions, Verdict } from "./remote.ts";
import { runCommand, type RunManner } from "./run-command.ts";
import type { Surroundings } from "./surroundings.ts";
import type { RemoteNode, Target } from "./target.ts";
import type { Tsh } from "./teleport/tsh.ts";
import type { Transport } from "./transport.ts";

export interface RemoteOptions {
  readonly settings: RemoteSettings;
  readonly policy: Policy;
  readonly surroundings: Surroundings;
  /** Shares what is known of Teleport's proxies; by default the machines' ways look for themselves. */
  readonly tsh?: Tsh;
  /** Overrides how the machines of a cluster are reached; by default as the settings say. */
  readonly transportFor?: (cluster: string) => Transport | Promise<Transport>;
  /** Seconds between TERM and KILL; 5 by default. */
  readonly graceSeconds?: number;
  /** Milliseconds until a command must have begun; 45,000 by default. */
  readonly startMs?: number;
}

const GRACE_SECONDS = 5;
const START_MS = 45_000;
/** How long the labels of machines are believed. */
const LOOK_MS = 30_000;

/** The one door to the machines. Loads and connects nothing before the first command of a cluster. */
export function openRemote(options: RemoteOptions): Remote {
  return new OpenRemote(options);
}

class OpenRemote implements Remote {
  readonly clusters: readonly string[];
  readonly #options: RemoteOptions;
  readonly #transports = new Map<string, Promise<Transport>>();
  readonly #looks = new Map<string, { readonly at: number; readonly nodes: Promise<readonly RemoteNode[]> }>();
  /** Logins that the operator's file names: they need not keep to the grammar of useradd. */
  readonly #known: ReadonlySet<string>;

  constructor(options: RemoteOptions) {
    this.#options = options;
    const { clusters } = options.settings;
    this.clusters = Object.keys(clusters);
    const users = Object.values(clusters).flatMap(({ user, ssh }) => [user, ...ssh.hosts.map((host) => host.user)]);
    const steered = options.policy.environments.map(({ remote }) => remote?.user);
    this.#known = new Set([...users, ...steered].filter((user) => user !== undefined));
  }

  async judge(target: Target, command: RemoteCommand, { effect, timeoutMs }: Pick<RunOptions, "effect" | "timeoutMs">): Promise<Verdict> {
    const { policy, settings } = this.#options;
    this.#clusterOf(target.cluster);
    checkTarget(target, this.#known);
    const looked = needsLook(policy, target) ? await this.#look(target) : {};
    return judgeCommand(policy, settings, { target, command, effect, timeoutMs, ...looked });
  }

  async judgeAll(targets: readonly Target[], command: RemoteCommand, options: Pick<RunOptions, "effect" | "timeoutMs">): Promise<Verdict> {
    return oneVerdict(await Promise.all(targets.map((target) => this.judge(target, command, options))));
  }

  async run(target: Target, command: RemoteCommand, options: RunOptions): Promise<Awaited<ReturnType<typeof runCommand>>> {
    checkConsent(await this.judge(target, command, options), options.consent);
    return await this.#begin(target, command, options);
  }

  async runOnAll(...[targets, command, options]: Parameters<Remote["runOnAll"]>): ReturnType<Remote["runOnAll"]> {
    checkConsent(await this.judgeAll(targets, command, options), options.consent);
    return await runOnMany(targets, options, (target, signal) => this.#begin(target, command, { ...options, signal }));
  }

  async nodes(cluster: string, signal: AbortSignal): Promise<readonly RemoteNode[]> {
    return await (await this.#transport(cluster)).nodes(signal);
  }

  async userOn(cluster: string, node: string): Promise<string> {
    const settings = this.#clusterOf(cluster);
    const steered = environmentsOfMachine(this.#options.policy, { cluster, node }).map(({ remote }) => remote);
    const fromFile =
      settings.ssh.hosts.find(({ name }) => name === node)?.user ??
      steered.find((remote) => remote?.user !== undefined && remote.cluster === cluster)?.user ??
      settings.user;
    const user = fromFile ?? (await (await this.#transport(cluster)).defaultUser());
    if (user !== undefined) return user;
    throw new OpsError("invalid_input", `No login is known for ${node} of ${cluster}.`, {
      hint: `Name \`user\`, or let the operator set remote.clusters.${cluster}.user.`,
    });
  }

  async close(): Promise<void> {
    const opened = await Promise.allSettled(this.#transports.values());
    this.#transports.clear();
    await Promise.all(opened.map((each) => (each.status === "fulfilled" ? each.value.close() : undefined)));
  }

  async #begin(target: Target, command: RemoteCommand, options: RunOptions): ReturnType<typeof runCommand> {
    const { envelope, sudo_timeout } = this.#clusterOf(target.cluster);
    const manner: RunManner = {
      kind: envelope,
      sudoTimeout: sudo_timeout,
      graceSeconds: this.#options.graceSeconds ?? GRACE_SECONDS,
      startMs: this.#options.startMs ?? START_MS,
    };
    return await runCommand(await this.#transport(target.cluster), target, command, options, manner);
  }

  #clusterOf(cluster: string): ClusterSettings {
    const { clusters } = this.#options.settings;
    if (Object.hasOwn(clusters, cluster)) return clusters[cluster]!;
    const hint =
      this.clusters.length === 0
        ? "The operator has allowed none: ALLOWED_TELEPORT_CLUSTERS, or remote.clusters in the file."
        : `Allowed: ${this.clusters.join(", ")}.`;
    throw new OpsError("not_allowed", "The cluster is not one of those that are allowed.", { hint, details: { allowed: this.clusters } });
  }

  async #transport(cluster: string): Promise<Transport> {
    const settings = this.#clusterOf(cluster);
    const opened = this.#transports.get(cluster) ?? this.#open(cluster, settings);
    this.#transports.set(cluster, opened);
    // What failed to open is opened anew by the next call.
    opened.catch(() => this.#transports.delete(cluster));
    return await opened;
  }

  async #open(cluster: string, settings: ClusterSettings): Promise<Transport> {
    const { settings: remote, surroundings, transportFor, tsh } = this.#options;
    if (transportFor !== undefined) return await transportFor(cluster);
    if (settings.transport === "local") return (await import("./local/local-transport.ts")).openLocalTransport(surroundings);
    if (settings.transport === "ssh") return (await import("./ssh/ssh-transport.ts")).openSshTransport(cluster, remote, surroundings);
    return (await import("./teleport/teleport-transport.ts")).openTeleportTransport(cluster, remote, surroundings, tsh);
  }

  /** What is known of a machine, by whichever of its names it was called; nothing where it is not known or not the only one. */
  async #look({ cluster, node }: Target): Promise<{ labels?: RemoteNode["labels"]; names?: string[] }> {
    const last = this.#looks.get(cluster);
    const isFresh = last !== undefined && performance.now() - last.at < LOOK_MS;
    const nodes = isFresh ? last.nodes : this.nodes(cluster, AbortSignal.timeout(this.#options.startMs ?? START_MS));
    if (!isFresh) {
      this.#looks.set(cluster, { at: performance.now(), nodes });
      nodes.catch(() => this.#looks.delete(cluster));
    }
    const found = (await nodes).filter(({ hostname, id, address }) => [hostname, id, address.replace(/:\d+$/, "")].includes(node));
    const [machine, ...others] = found;
    if (machine === undefined || others.length > 0) return {};
    return { labels: machine.labels, names: [machine.hostname, ...(machine.id === undefined ? [] : [machine.id])] };
  }
}

/** @throws OpsError not_allowed, approval_needed */
function checkConsent({ verdict, because, subject, environment }: Verdict, consent: Consent | undefined): void {
  if (verdict === "run") return;
  if (verdict === "refuse")
    throw new OpsError("not_allowed", `The operator's policy refuses this: ${because}`, { details: { environment } });
  if (consent?.digest === subject.digest) return;
  throw new OpsError("approval_needed", because, { details: { environment, subject: { ...subject } } });
}
