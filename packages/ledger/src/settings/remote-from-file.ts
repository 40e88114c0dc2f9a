import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import type { EnvironmentRemote, ClusterSettings, RemoteSettings, SshHost } from "./remote.ts";
import { absolutePath } from "./paths.ts";
import type { SettingProblem } from "./problems.ts";
import { type ClusterInFile, type ClustersInFile, type EnvironmentRemoteInFile, SSH_HOST } from "./remote-schema.ts";
import type { PolicyFile } from "./schema.ts";
import { didYouMean } from "./suggestion.ts";
import type { YamlFile } from "./yaml-file.ts";

/** Keys that ssh-keygen writes by default (ssh(1), -i). */
const USUAL_KEYS = ["id_ed25519", "id_ecdsa", "id_rsa"];

/** One file that may name clusters. */
interface ClusterSource {
  readonly file: YamlFile;
  readonly clusters: ClustersInFile | undefined;
}

/** Settings that count where a cluster says nothing of its own, and the other scalars of section `remote`. */
interface RemoteScalars extends Omit<RemoteSettings, "clusters" | "remedies"> {
  teleport_proxy?: string;
  teleport_identity_file?: string;
}

/** Names of the clusters that a file allows, in its order. */
export function clusterNames(clusters: ClustersInFile | undefined): string[] | undefined {
  return clusters === undefined || Array.isArray(clusters) ? clusters : Object.keys(clusters);
}

/**
 * Section `remote` but for its remedies: the clusters of these names, each as the strongest file says, and what is wrong in
 * the files, also between them and the environments.
 *
 * @param files the system's policy and the operator's file, as far as they are there
 */
export function remoteFrom(
  section: RemoteScalars,
  files: readonly { file: YamlFile; content: Pick<PolicyFile, "remote" | "environments"> }[],
  names: readonly string[],
  home: string,
): { remote: Omit<RemoteSettings, "remedies">; problems: SettingProblem[]; notes: string[] } {
  const { teleport_proxy: _proxy, teleport_identity_file: _identity, ...scalars } = section;
  const sources = files.map(({ file, content }) => ({ file, clusters: content.remote?.clusters }));
  const inFiles = clusterNames(sources.find(({ clusters }) => clusters !== undefined)?.clusters);
  // What the files say is checked as a whole, also of clusters that a variable leaves out.
  const all = clustersFrom(inFiles ?? [], sources, section, home);
  const { clusters, notes } = clustersFrom(names, sources, section, home);
  const [speaks] = files;
  const where = (path: readonly PropertyKey[]): string => speaks?.file.where(path) ?? "default";
  const between = environmentRemoteProblems(speaks?.content.environments ?? [], inFiles, all.clusters, where);
  return { remote: { ...scalars, clusters }, problems: [...all.problems, ...between], notes };
}

/**
 * The clusters of these names, each as the first file says that says how it is reached. One that no file says more of is
 * a Teleport cluster of that name.
 */
function clustersFrom(
  names: readonly string[],
  sources: readonly ClusterSource[],
  scalars: RemoteScalars,
  home: string,
): { clusters: Record<string, ClusterSettings>; problems: SettingProblem[]; notes: string[] } {
  // Without a prototype: "constructor" is no cluster.
  const clusters = Object.create(null) as Record<string, ClusterSettings>;
  const [problems, notes]: [SettingProblem[], string[]] = [[], []];
  for (const name of names) {
    const [source, ...overruled] = sources.filter(
      ({ clusters: said }) => said !== undefined && !Array.isArray(said) && Object.hasOwn(said, name),
    );
    for (const { file } of overruled) notes.push(`remote.clusters.${name} in ${file.path} is not used: ${source!.file.path} speaks.`);
    const said = (source?.clusters as Record<string, ClusterInFile | null> | undefined)?.[name] ?? {};
    const report = (path: PropertyKey[], message: string): void => {
      const at = ["remote", "clusters", name, ...path];
      problems.push({ setting: at.join("."), from: source?.file.where(at) ?? "default", message });
    };
    const place = (path: string): string => absolutePath(path, source === undefined ? home : dirname(source.file.path), home);
    clusters[name] = clusterFrom(name, said, scalars, { report, place, home });
  }
  return { clusters, problems, notes };
}

interface Reading {
  readonly report: (path: PropertyKey[], message: string) => void;
  readonly place: (path: string) => string;
  readonly home: string;
}

function clusterFrom(name: string, said: ClusterInFile, scalars: RemoteScalars, reading: Reading): ClusterSettings {
  const transport = said.transport ?? (said.ssh !== undefined && said.teleport === undefined ? "ssh" : "teleport");
  for (const other of ["ssh", "teleport"] as const) {
    if (said[other] !== undefined && transport !== other)
      reading.report(
        [other],
        `Cluster ${name} is reached by ${transport}, so it has no section ${other}; leave it out, or set transport: ${other}.`,
      );
  }
  if (transport === "ssh" && said.ssh === undefined)
    reading.report(["ssh"], `Cluster ${name} is reached by ssh, so its machines must be listed: ssh: { hosts: [web1.example.com] }.`);
  return {
    transport,
    ...(said.user === undefined ? {} : { user: said.user }),
    teleport: teleportFrom(name, said.teleport ?? {}, scalars, reading),
    ssh: sshFrom(said.ssh ?? { hosts: [] }, reading),
    envelope: said.envelope ?? "watchdog",
    sudo_timeout: said.sudo_timeout ?? "inside",
  };
}

function teleportFrom(
  name: string,
  said: NonNullable<ClusterInFile["teleport"]>,
  scalars: RemoteScalars,
  { place }: Reading,
): ClusterSettings["teleport"] {
  const proxy = said.proxy ?? scalars.teleport_proxy;
  const identity = said.identity_file === undefined ? scalars.teleport_identity_file : place(said.identity_file);
  return {
    cluster: said.cluster ?? name,
    ...(proxy === undefined ? {} : { proxy: /:\d+$/.test(proxy) ? proxy : `${proxy}:443` }),
    ...(identity === undefined ? {} : { identity_file: identity }),
    ...(said.auth === undefined ? {} : { auth: said.auth }),
    mode: said.mode ?? "tsh",
    insecure: said.insecure ?? false,
  };
}

function sshFrom(said: NonNullable<ClusterInFile["ssh"]>, { report, place, home }: Reading): ClusterSettings["ssh"] {
  const hosts = said.hosts.map(hostFrom);
  hosts.forEach(({ name, port }, index) => {
    if (hosts.findIndex((each) => each.name === name) !== index) report(["ssh", "hosts", index], `Two machines are called ${name}.`);
    if (port < 1 || port > 65_535) report(["ssh", "hosts", index], `${port} is no port.`);
  });
  return {
    hosts,
    ...(said.jump === undefined ? {} : { jump: said.jump }),
    known_hosts: said.known_hosts?.map(place) ?? [join(home, ".ssh/known_hosts"), "/etc/ssh/ssh_known_hosts"],
    identity_files:
      said.identity_files?.map(place) ?? USUAL_KEYS.map((name) => join(home, ".ssh", name)).filter((path) => existsSync(path)),
    via: said.via ?? "ssh2",
    ...(said.config_file === undefined ? {} : { config_file: place(said.config_file) }),
  };
}

function hostFrom(said: NonNullable<ClusterInFile["ssh"]>["hosts"][number]): SshHost {
  if (typeof said !== "string") {
    const { name, host = name, port = 22, labels = {} } = said;
    return { name, host, port, labels, ...(said.user === undefined ? {} : { user: said.user }) };
  }
  const { user, host = said, port } = SSH_HOST.exec(said)?.groups ?? {};
  return { name: host, host, port: port === undefined ? 22 : Number(port), labels: {}, ...(user === undefined ? {} : { user }) };
}

/** What an environment says of machines, with its defaults. */
export function environmentRemoteFrom(said: EnvironmentRemoteInFile): EnvironmentRemote {
  return {
    ...said,
    preset: said.preset ?? "guarded",
    sudo: said.sudo ?? false,
    kubeconfig: said.kubeconfig ?? "default",
    deny: said.deny ?? [],
    ask: said.ask ?? [],
    allow: said.allow ?? [],
  } as EnvironmentRemote;
}

/** Where environments lead that no cluster of the files is, and other faults between the two. */
function environmentRemoteProblems(
  environments: readonly { name: string; remote?: EnvironmentRemoteInFile | undefined }[],
  names: readonly string[] | undefined,
  clusters: Readonly<Record<string, ClusterSettings>>,
  where: (path: readonly PropertyKey[]) => string,
): SettingProblem[] {
  const problems: SettingProblem[] = [];
  environments.forEach(({ name, remote }, index) => {
    const report = (key: string, message: string): void => {
      const path = ["environments", index, "remote", key];
      problems.push({ setting: path.join("."), from: where(path), message });
    };
    if (remote?.cluster === undefined) {
      if (remote?.node !== undefined) report("node", `Environment ${name} names a machine, but not the cluster that it is in.`);
      return;
    }
    // Where no file names clusters, a variable may; another server of the same file may have it.
    if (names === undefined) return;
    if (!names.includes(remote.cluster)) {
      report("cluster", `No cluster is called ${remote.cluster}.${didYouMean(remote.cluster, names)} Clusters: ${names.join(", ")}.`);
      return;
    }
    const cluster = clusters[remote.cluster];
    if (cluster?.transport !== "ssh" || remote.node === undefined) return;
    const hosts = cluster.ssh.hosts.map((host) => host.name);
    if (!hosts.includes(remote.node))
      report("node", `Cluster ${remote.cluster} has no machine called ${remote.node}.${didYouMean(remote.node, hosts)}`);
  });
  return problems;
}
