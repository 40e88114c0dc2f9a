import { ERROR_CODES } from "@platform-ops/errors";
import { REMOTE_PRESETS } from "./remote.ts";
import type { SettingFacts } from "./setting-facts.ts";
import { glob, globOfAny, globs, path } from "./shape/atoms.ts";
import {
  choice,
  either,
  list,
  map,
  optional,
  pattern,
  setting,
  table,
  tableOfSome,
  text,
  truth,
  whole,
  type Optional,
  type TypeOf,
} from "./shape/shape.ts";

const MAX_CLUSTERS = 200;
const MAX_HOSTS = 5000;

/** Names that the operator gives to clusters. */
const clusterName = pattern(
  /^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$/,
  "must be at most 63 letters, digits, dots, dashes and underscores, and begin with a letter or digit",
);
/** Names of machines: as Teleport's hostnames; never an option, a selector or a login. */
const machine = pattern(/^[A-Za-z0-9][A-Za-z0-9.-]{0,254}$/, "must be letters, digits, dots and dashes, and begin with a letter or digit");
const login = pattern(/^[A-Za-z_][A-Za-z0-9_.-]{0,62}(@[A-Za-z0-9.-]{1,190})?\$?$/, "must be the name of an account, such as deploy");
const hostPort = pattern(/^([A-Za-z0-9.-]{1,253}|\[[0-9A-Fa-f:.]+\])(:\d{1,5})?$/, "must be host or host:port");
/** `[user@]host[:port]` of plain SSH; an IPv6 address stands in brackets. */
const sshPlace = pattern(
  /^([A-Za-z_][A-Za-z0-9_.-]{0,62}@)?([A-Za-z0-9][A-Za-z0-9.-]{0,254}|\[[0-9A-Fa-f:.]{2,45}\])(:\d{1,5})?$/,
  "must be [user@]host[:port]",
);
/** The short form of a machine; the host is its name, too. */
export const SSH_HOST = /^(?:(?<user>[A-Za-z_][A-Za-z0-9_.-]{0,62})@)?(?<host>[A-Za-z0-9][A-Za-z0-9.-]{0,254})(?::(?<port>\d{1,5}))?$/;
const address = pattern(/^([A-Za-z0-9][A-Za-z0-9.-]{0,254}|[0-9A-Fa-f:]{2,45})$/, "must be a DNS name or an address");
const label = pattern(/^[A-Za-z0-9][A-Za-z0-9_./:-]{0,316}$/, "must be the name of a label");
const labels = table(label, { ...globOfAny, description: "A glob over the label's value." });

const sshHost = either(
  pattern(SSH_HOST, "must be [user@]host[:port], or { name, host, port, user, labels }"),
  map({
    name: machine,
    host: optional(address),
    port: optional(whole(1, 65_535)),
    user: optional(login),
    labels: optional(labels),
  }),
);

const teleport = map({
  cluster: optional(machine),
  proxy: optional(hostPort),
  identity_file: optional(path),
  auth: optional(pattern(/^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$/, "must be the name of a connector")),
  mode: optional(choice(["tsh", "openssh"])),
  insecure: optional(truth()),
});

const ssh = map({
  hosts: list(sshHost, { min: 1, max: MAX_HOSTS }),
  jump: optional(sshPlace),
  known_hosts: optional(list(path, { min: 1, max: 20 })),
  identity_files: optional(list(path, { max: 20 })),
  via: optional(choice(["ssh2", "openssh"])),
  config_file: optional(path),
});

const cluster = map({
  transport: optional(choice(["teleport", "ssh", "local"])),
  user: optional(login),
  teleport: optional(teleport),
  ssh: optional(ssh),
  envelope: optional(choice(["watchdog", "plain"])),
  sudo_timeout: optional(choice(["inside", "outside"])),
});
export type ClusterInFile = TypeOf<typeof cluster>;

/** Clusters by name, or only their names. */
const clusters = either(
  list(clusterName, { min: 1, max: MAX_CLUSTERS }),
  tableOfSome(clusterName, cluster, (value) => {
    const count = Object.keys(value).length;
    return count === 0 ? "must name a cluster" : count > MAX_CLUSTERS ? `must be at most ${MAX_CLUSTERS} clusters` : undefined;
  }),
);
export type ClustersInFile = TypeOf<typeof clusters>;

const allowedClusters = setting(
  clusters,
  "The clusters that may be reached; none by default. In the file: a list of names, or a map of name to how it is reached.",
  { env: ["ALLOWED_TELEPORT_CLUSTERS"], policy: true, separator: ",", example: "staging,production" },
);

const seconds = (facts: SettingFacts, meaning: string): Optional<number> => setting(whole(1, 86_400), meaning, facts);

const words = text({ min: 1, max: 1000 });
const remedy = map({ command: optional(words), steps: optional(list(words, { min: 1, max: 20 })) });
const failure = text({
  check: (code) => (code === "default" || Object.hasOwn(ERROR_CODES, code) ? undefined : "must be an error code, or default"),
});

/** Section `remote` of the operator's file. */
export const remote = map({
  clusters: allowedClusters,
  tsh_path: setting(path, "The tsh program; by default the one on PATH.", { example: "/usr/local/bin/tsh" }),
  kubectl_path: setting(path, "The local kubectl, for clusters with transport local; by default the one on PATH.", {
    example: "/usr/local/bin/kubectl",
  }),
  teleport_proxy: setting(hostPort, "Teleport's proxy, for clusters that name none.", {
    env: ["TELEPORT_PROXY"],
    example: "teleport.example.com:443",
  }),
  teleport_identity_file: setting(path, "Identity file (Machine ID), for clusters that name none; read anew for every command.", {
    env: ["TELEPORT_IDENTITY_FILE"],
    example: "/opt/machine-id/identity",
  }),
  teleport_home: setting(path, "Folder of tsh's profiles; by default tsh's own.", { env: ["TELEPORT_HOME"], example: "~/.tsh" }),
  // Nothing that SSH_AUTH_SOCK may hold is a fault: it is set on most machines, and a server starts without looking at it.
  agent: setting(text({ min: 1 }), "Socket of the SSH agent.", { env: ["SSH_AUTH_SOCK"], example: "/run/user/1000/ssh-agent.sock" }),
  timeout_seconds: seconds({ default: 30, example: "60" }, "Seconds that a command may take where a call names no limit."),
  max_timeout_seconds: seconds({ default: 900, example: "3600" }, "The longest time limit that a call may name."),
  concurrency: setting(whole(1, 200), "Machines at once, when one command goes to many.", { default: 25, example: "10" }),
  remedies: optional(table(failure, remedy)),
});

/** What of section `remote` is policy. */
export const remotePolicy = map({ clusters: allowedClusters });

const rule = map({
  program: glob,
  args: optional(
    list(globOfAny, {
      max: 50,
      check: (args) => (args.slice(0, -1).includes("**") ? "`**` stands for any number of arguments only as the last one" : undefined),
    }),
  ),
  sudo: optional(truth()),
});
const rules = optional(list(rule, { max: 500 }));

/** `environments[].remote` of the operator's file. */
export const environmentRemote = map({
  preset: optional(choice(REMOTE_PRESETS)),
  cluster: optional(clusterName),
  node: optional(machine),
  user: optional(login),
  sudo: optional(truth()),
  kubeconfig: optional(
    pattern(/^(default|k3s|kubeadm|\/[^\0]*)$/, "must be default, k3s, kubeadm or an absolute path on the machine", { max: 4096 }),
  ),
  users: optional(globs),
  nodes: optional(globs),
  labels: optional(labels),
  deny: rules,
  ask: rules,
  allow: rules,
});
export type EnvironmentRemoteInFile = TypeOf<typeof environmentRemote>;
