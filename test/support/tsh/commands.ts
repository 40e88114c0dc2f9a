// Everything of the emulated tsh but `ssh`.
import { fail, json, table, type Emulation } from "./emulation.ts";
import type { CommandLine } from "./command-line.ts";
import { homeOf, nodesFor, profileOf, sessionAtProxy, sessionOnDisk } from "./session.ts";
import { requestCreate, requestList } from "./requests.ts";
import type { EmulatedNode } from "./state.ts";
import { status } from "./status.ts";

type Run = (emulation: Emulation, line: CommandLine) => Promise<void> | void;

/** By the words of the subcommand. */
export const COMMANDS: Readonly<Record<string, Run>> = {
  help: (emulation, { args }) => emulation.stderr(emulation.state.help[args.join(" ")] ?? ""),
  version,
  status: (emulation, line) => status(emulation, sessionOnDisk(emulation, line), line),
  clusters,
  ls,
  login,
  logout,
  env: async (emulation, line) => {
    const { proxy, cluster } = await sessionAtProxy(emulation, line);
    emulation.stdout(`export TELEPORT_PROXY=${proxy}\nexport TELEPORT_CLUSTER=${cluster}\n`);
  },
  config,
  "request ls": requestList,
  "request create": requestCreate,
  "kube ls": async (emulation, line) => {
    await sessionAtProxy(emulation, line);
    emulation.stdout(line.flags["format"] === "json" ? "[]\n" : table(["Kube Cluster Name", "Labels", "Selected"], []));
  },
  "kube login": async (emulation, line) => {
    await sessionAtProxy(emulation, line);
    throw fail(`kubernetes cluster "${line.args[0]}" not found, check 'tsh kube ls' for a list of known clusters`);
  },
  "apps ls": async (emulation, line) => {
    await sessionAtProxy(emulation, line);
    emulation.stdout("[]\n");
  },
  "db ls": async (emulation, line) => {
    await sessionAtProxy(emulation, line);
    emulation.stdout("[]\n");
  },
};

async function version(emulation: Emulation, line: CommandLine): Promise<void> {
  const { state, stdout } = emulation;
  let proxy: string | undefined;
  if (line.flags["client"] === undefined && sessionOnDisk(emulation, line) !== undefined) {
    proxy = await sessionAtProxy(emulation, line).then(
      (session) => session.proxy,
      () => undefined,
    );
  }
  if (line.flags["format"] === "json") {
    const more = proxy === undefined ? {} : { proxyVersion: state.proxy_version, proxyPublicAddress: proxy };
    return stdout(`${json({ version: state.version, gitref: "", runtime: "go1.26.8", ...more })}\n`);
  }
  stdout(`Teleport v${state.version} git: go1.26.8\n`);
  if (proxy !== undefined) stdout(`Proxy version: ${state.proxy_version}\nProxy: ${proxy}\n`);
}

async function clusters(emulation: Emulation, line: CommandLine): Promise<void> {
  const { cluster } = await sessionAtProxy(emulation, line);
  emulation.stdout(`${json([{ cluster_name: cluster, status: "online", cluster_type: "root", labels: null, selected: true }])}\n`);
}

async function ls(emulation: Emulation, line: CommandLine): Promise<void> {
  const session = await sessionAtProxy(emulation, line);
  if (session.account.lock !== undefined) throw fail("access denied");
  const { flags, args } = line;
  const nodes = nodesFor(emulation, session.account).filter(filterOf(args[0], flags));
  if (flags["format"] === "names") emulation.stdout(nodes.map(({ hostname }) => `${hostname}\n`).join(""));
  else if (flags["format"] === "json") {
    const shown = nodes.map(nodeJson);
    const list = flags["all"] === "yes" ? shown.map((node) => ({ proxy: session.proxy, cluster: session.cluster, node })) : shown;
    emulation.stdout(`${json(list)}\n`);
  } else emulation.stdout(nodeTable(nodes, flags["verbose"] === "yes"));
  if (nodes.length === 0) emulation.stderr(NO_NODES);
}

const NO_NODES = `
  Not seeing nodes? Either no nodes are available or your user's roles do not match the labels of at least one node.

  Check with your Teleport cluster administrator that your user's roles should have nodes available.
  
`;

/** The table of `tsh ls` and of an ambiguous name. */
export function nodeTable(nodes: readonly EmulatedNode[], withIds: boolean): string {
  const rows = nodes.map(({ hostname, id, addr, labels }) => [hostname, ...(withIds ? [id] : []), addr, labelText(labels)]);
  return table(["Node Name", ...(withIds ? ["Node ID"] : []), "Address", "Labels"], rows);
}

function labelText(labels: Readonly<Record<string, string>>): string {
  return Object.entries(labels)
    .map(([key, value]) => `${key}=${value}`)
    .join(",");
}

function nodeJson({ id, hostname, addr, labels, expires, serial }: EmulatedNode): object {
  const never = "0001-01-01T00:00:00Z";
  const rotation = {
    current_id: "",
    started: never,
    last_rotated: never,
    schedule: { update_clients: never, update_servers: never, standby: never },
  };
  return {
    kind: "node",
    version: "v2",
    metadata: { name: id, labels, expires, id: `<raw:${serial}>` },
    spec: { addr, hostname, rotation, version: "13.3.8" },
  };
}

/** Labels `k=v,k2=v2`, words, and of the predicate language equality joined by `&&`. */
function filterOf(labels: string | undefined, flags: Readonly<Record<string, string>>): (node: EmulatedNode) => boolean {
  const wanted = labels === undefined || labels === "" ? [] : labels.split(",").map((pair) => pair.trim().split("="));
  if (wanted.some((pair) => pair.length !== 2)) throw fail(`invalid label spec: '${labels}', should be 'key=value'`);
  const words = (flags["search"] ?? "").toLowerCase().split(",").filter(Boolean);
  const terms = (flags["query"] ?? "").split("&&").flatMap((term) => (term.trim() === "" ? [] : [termOf(term.trim())]));
  return (node) => {
    const text = [node.hostname, node.addr, node.id, ...Object.entries(node.labels).flat()].join(" ").toLowerCase();
    return (
      wanted.every(([key = "", value]) => node.labels[key] === value) &&
      words.every((word) => text.includes(word)) &&
      terms.every((term) => term(node))
    );
  };
}

function termOf(term: string): (node: EmulatedNode) => boolean {
  const [, key, field, value] = /^(?:labels\["([^"]+)"\]|(name|resource\.spec\.hostname)) == "([^"]*)"$/.exec(term) ?? [];
  if (value === undefined) {
    throw fail(
      `failed to parse predicate expression: 1:${term.length + 1}: expected ')', found 'EOF'\nCheck syntax at https://goteleport.com/docs/setup/reference/predicate-language/#resource-filtering`,
    );
  }
  return (node) => (field === undefined ? node.labels[key ?? ""] : node.hostname) === value;
}

function login(_: Emulation, { flags }: CommandLine): never {
  if (flags["identity"] !== undefined) throw fail("-i flag cannot be used here");
  throw fail("cannot perform password login without a terminal\nunderlying reader is not a terminal");
}

function logout(emulation: Emulation, { flags }: CommandLine): void {
  const { state, env } = emulation;
  if (flags["identity"] !== undefined) throw fail(`unexpected argument: ${flags["identity"]}`);
  const profile = profileOf(emulation);
  if (flags["user"] !== undefined && profile !== undefined) {
    delete profile.logins[flags["user"]];
    emulation.stdout(`Logged out ${flags["user"]} from ${flags["proxy"]?.split(":")[0]}.\n`);
  } else {
    delete state.profiles[homeOf(env)];
    emulation.stdout(profile === undefined ? "All users logged out.\n" : "Logged out all users from all proxies.\n");
  }
  emulation.save(state);
}

async function config(emulation: Emulation, line: CommandLine): Promise<void> {
  const session = await sessionAtProxy(emulation, line);
  const host = session.proxy.split(":")[0] ?? "";
  const keys = `${homeOf(emulation.env)}/keys/${host}/${session.user}`;
  const algorithms = ["rsa-sha2-512-cert-v01@openssh.com", "rsa-sha2-256-cert-v01@openssh.com", "ssh-rsa-cert-v01@openssh.com"];
  emulation.stdout(`# Begin generated Teleport configuration for ${host} by tsh

# Common flags for all ${session.cluster} hosts
Host *.${session.cluster} ${host}
    UserKnownHostsFile "${homeOf(emulation.env)}/known_hosts"
    IdentityFile "${keys}"
    CertificateFile "${keys}-ssh/${session.cluster}-cert.pub"
    HostKeyAlgorithms ${emulation.state.host_key_algorithms ?? algorithms.join(",")}

# Flags for all ${session.cluster} hosts except the proxy
Host *.${session.cluster} !${host}
    Port 3022
    ProxyCommand "${emulation.program}" proxy ssh --cluster=${session.cluster} --proxy=${session.proxy} %r@%h:%p

# End generated Teleport configuration
`);
}
