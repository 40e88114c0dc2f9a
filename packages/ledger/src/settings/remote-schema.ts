import { z } from "zod";
import { ERROR_CODES } from "@platform-ops/errors";
import { globProblem } from "./glob.ts";
import { REMOTE_PRESETS } from "./remote.ts";
import { SETTING_FACTS } from "./setting-facts.ts";

const MAX_CLUSTERS = 200;
const MAX_HOSTS = 5000;

const path = z
  .string()
  .min(1)
  .max(4096)
  .refine((value) => !value.includes("\0"), "must not hold a NUL character");
const glob = z
  .string()
  .max(300)
  .superRefine((value, context) => {
    const problem = globProblem(value);
    if (problem !== undefined) context.addIssue({ code: "custom", message: `The glob ${JSON.stringify(value)} ${problem}.` });
  });
const globs = z.array(glob.min(1)).min(1).max(500);

/** Names that the operator gives to clusters. */
const clusterName = z
  .string()
  .regex(
    /^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$/,
    "must be at most 63 letters, digits, dots, dashes and underscores, and begin with a letter or digit",
  );
/** Names of machines: as Teleport's hostnames; never an option, a selector or a login. */
const machine = z
  .string()
  .regex(/^[A-Za-z0-9][A-Za-z0-9.-]{0,254}$/, "must be letters, digits, dots and dashes, and begin with a letter or digit");
const login = z
  .string()
  .regex(/^[A-Za-z_][A-Za-z0-9_.-]{0,62}(@[A-Za-z0-9.-]{1,190})?\$?$/, "must be the name of an account, such as deploy");
const hostPort = z.string().regex(/^([A-Za-z0-9.-]{1,253}|\[[0-9A-Fa-f:.]+\])(:\d{1,5})?$/, "must be host or host:port");
/** `[user@]host[:port]` of plain SSH; an IPv6 address stands in brackets. */
const sshPlace = z
  .string()
  .regex(
    /^([A-Za-z_][A-Za-z0-9_.-]{0,62}@)?([A-Za-z0-9][A-Za-z0-9.-]{0,254}|\[[0-9A-Fa-f:.]{2,45}\])(:\d{1,5})?$/,
    "must be [user@]host[:port]",
  );
/** The short form of a machine; the host is its name, too. */
export const SSH_HOST = /^(?:(?<user>[A-Za-z_][A-Za-z0-9_.-]{0,62})@)?(?<host>[A-Za-z0-9][A-Za-z0-9.-]{0,254})(?::(?<port>\d{1,5}))?$/;
const labels = z.record(
  z.string().regex(/^[A-Za-z0-9][A-Za-z0-9_./:-]{0,316}$/, "must be the name of a label"),
  glob.describe("A glob over the label's value."),
);

const sshHost = z.union([
  z.string().regex(SSH_HOST, "must be [user@]host[:port], or { name, host, port, user, labels }"),
  z.strictObject({
    name: machine,
    host: z
      .string()
      .regex(/^([A-Za-z0-9][A-Za-z0-9.-]{0,254}|[0-9A-Fa-f:]{2,45})$/, "must be a DNS name or an address")
      .optional(),
    port: z.int().min(1).max(65_535).optional(),
    user: login.optional(),
    labels: labels.optional(),
  }),
]);

const cluster = z.strictObject({
  transport: z.enum(["teleport", "ssh", "local"]).optional(),
  user: login.optional(),
  teleport: z
    .strictObject({
      cluster: machine.optional(),
      proxy: hostPort.optional(),
      identity_file: path.optional(),
      auth: z
        .string()
        .regex(/^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$/, "must be the name of a connector")
        .optional(),
      mode: z.enum(["tsh", "openssh"]).optional(),
      insecure: z.boolean().optional(),
    })
    .optional(),
  ssh: z
    .strictObject({
      hosts: z.array(sshHost).min(1).max(MAX_HOSTS),
      jump: sshPlace.optional(),
      known_hosts: z.array(path).min(1).max(20).optional(),
      identity_files: z.array(path).max(20).optional(),
      via: z.enum(["ssh2", "openssh"]).optional(),
      config_file: path.optional(),
    })
    .optional(),
  envelope: z.enum(["watchdog", "plain"]).optional(),
  sudo_timeout: z.enum(["inside", "outside"]).optional(),
});
export type ClusterInFile = z.infer<typeof cluster>;

/** Clusters by name, or only their names. */
const clusters = z.union([
  z.array(clusterName).min(1).max(MAX_CLUSTERS),
  z
    .record(clusterName, cluster.nullable())
    .refine((value) => Object.keys(value).length <= MAX_CLUSTERS, `must be at most ${MAX_CLUSTERS} clusters`)
    .refine((value) => Object.keys(value).length > 0, "must name a cluster"),
]);
export type ClustersInFile = z.infer<typeof clusters>;

const allowedClusters = clusters
  .optional()
  .describe("The clusters that may be reached; none by default. In the file: a list of names, or a map of name to how it is reached.")
  .register(SETTING_FACTS, { env: ["ALLOWED_TELEPORT_CLUSTERS"], policy: true, separator: ",", example: "staging,production" });

const seconds = (facts: { default: number; example: string }, meaning: string) =>
  z.int().min(1).max(86_400).optional().describe(meaning).register(SETTING_FACTS, facts);

const remedy = z.strictObject({
  command: z.string().min(1).max(1000).optional(),
  steps: z.array(z.string().min(1).max(1000)).min(1).max(20).optional(),
});

/** Section `remote` of the operator's file. */
export const remote = z.strictObject({
  clusters: allowedClusters,
  tsh_path: path
    .optional()
    .describe("The tsh program; by default the one on PATH.")
    .register(SETTING_FACTS, { example: "/usr/local/bin/tsh" }),
  kubectl_path: path
    .optional()
    .describe("The local kubectl, for clusters with transport local; by default the one on PATH.")
    .register(SETTING_FACTS, { example: "/usr/local/bin/kubectl" }),
  teleport_proxy: hostPort
    .optional()
    .describe("Teleport's proxy, for clusters that name none.")
    .register(SETTING_FACTS, { env: ["TELEPORT_PROXY"], example: "teleport.example.com:443" }),
  teleport_identity_file: path
    .optional()
    .describe("Identity file (Machine ID), for clusters that name none; read anew for every command.")
    .register(SETTING_FACTS, { env: ["TELEPORT_IDENTITY_FILE"], example: "/opt/machine-id/identity" }),
  teleport_home: path
    .optional()
    .describe("Folder of tsh's profiles; by default tsh's own.")
    .register(SETTING_FACTS, { env: ["TELEPORT_HOME"], example: "~/.tsh" }),
  // Nothing that SSH_AUTH_SOCK may hold is a fault: it is set on most machines, and a server starts without looking at it.
  agent: z
    .string()
    .min(1)
    .optional()
    .describe("Socket of the SSH agent.")
    .register(SETTING_FACTS, { env: ["SSH_AUTH_SOCK"], example: "/run/user/1000/ssh-agent.sock" }),
  timeout_seconds: seconds({ default: 30, example: "60" }, "Seconds that a command may take where a call names no limit."),
  max_timeout_seconds: seconds({ default: 900, example: "3600" }, "The longest time limit that a call may name."),
  concurrency: z
    .int()
    .min(1)
    .max(200)
    .optional()
    .describe("Machines at once, when one command goes to many.")
    .register(SETTING_FACTS, { default: 25, example: "10" }),
  remedies: z
    .record(
      z.string().refine((code) => code === "default" || Object.hasOwn(ERROR_CODES, code), "must be an error code, or default"),
      remedy,
    )
    .optional(),
});

/** What of section `remote` is policy. */
export const remotePolicy = z.strictObject({ clusters: allowedClusters });

const rule = z.strictObject({
  program: glob.min(1),
  args: z
    .array(glob)
    .max(50)
    .refine((args) => !args.slice(0, -1).includes("**"), "`**` stands for any number of arguments only as the last one")
    .optional(),
  sudo: z.boolean().optional(),
});
const rules = z.array(rule).max(500).optional();

/** `environments[].remote` of the operator's file. */
export const environmentRemote = z.strictObject({
  preset: z.enum(REMOTE_PRESETS).optional(),
  cluster: clusterName.optional(),
  node: machine.optional(),
  user: login.optional(),
  sudo: z.boolean().optional(),
  kubeconfig: z
    .string()
    .max(4096)
    .regex(/^(default|k3s|kubeadm|\/[^\0]*)$/, "must be default, k3s, kubeadm or an absolute path on the machine")
    .optional(),
  users: globs.optional(),
  nodes: globs.optional(),
  labels: labels.optional(),
  deny: rules,
  ask: rules,
  allow: rules,
});
export type EnvironmentRemoteInFile = z.infer<typeof environmentRemote>;
