// What the operator's file says of machines: how they are reached (`remote`), and what may be done on them (`environments`).

/** One machine that is reached by plain SSH. */
export interface SshHost {
  /** The name by which tools call it. */
  name: string;
  /** Address or DNS name; by default the name. */
  host: string;
  port: number;
  user?: string;
  labels: Record<string, string>;
}

/** A cluster: machines that are reached in the same way. */
export interface ClusterSettings {
  transport: "teleport" | "ssh" | "local";
  /** The login where neither the call nor its environment names one. */
  user?: string;
  teleport: {
    /** The cluster's name in Teleport. */
    cluster: string;
    /** host:port */
    proxy?: string;
    /** An identity file, for example of Machine ID; read anew for every command. */
    identity_file?: string;
    /** Name of the connector that a person logs in with (`tsh login --auth=…`). */
    auth?: string;
    /** tsh: `tsh ssh`. openssh: OpenSSH through `tsh proxy ssh`, with exact exit codes and warm connections. */
    mode: "tsh" | "openssh";
    /** Accept any certificate of the proxy: only for a test proxy. */
    insecure: boolean;
  };
  ssh: {
    hosts: SshHost[];
    /** [user@]host[:port] through which all of them are reached; its host key is checked too. */
    jump?: string;
    known_hosts: string[];
    identity_files: string[];
    /** ssh2: our own warm connections. openssh: the ssh program, which also knows certificates, hardware keys and ~/.ssh/config. */
    via: "ssh2" | "openssh";
    /** Configuration of the ssh program; by default none is read. */
    config_file?: string;
  };
  /** watchdog: the command is ended when we go. plain: the bare command, for machines that allow nothing around it. */
  envelope: "watchdog" | "plain";
  /** inside: `sudo timeout CMD`, which ends everything. outside: `timeout sudo CMD`, where sudoers allows only the program itself. */
  sudo_timeout: "inside" | "outside";
}

/** Settings of remote commands. */
export interface RemoteSettings {
  /** All clusters that may be reached, by name, in the order of the file. */
  clusters: Record<string, ClusterSettings>;
  /** The tsh program; by default the one on PATH. */
  tsh_path?: string;
  /** The local kubectl, for `local` targets; by default the one on PATH. */
  kubectl_path?: string;
  /** Folder of tsh's profiles (TELEPORT_HOME); by default tsh's own. */
  teleport_home?: string;
  /** Socket of the SSH agent (SSH_AUTH_SOCK). */
  agent?: string;
  /** Seconds a command may take where a call names no limit. */
  timeout_seconds: number;
  /** The most a call may ask for. */
  max_timeout_seconds: number;
  /** Machines at once in a fan-out. */
  concurrency: number;
  /**
   * Words for a person, by error code (`default` for the others): what to run (`ansible_command`) and which steps to take
   * (`ansible_steps`). {cluster}, {node}, {user}, {proxy}, {version} are filled in.
   */
  remedies: Record<string, { command?: string; steps?: string[] }>;
}

/** guarded: typed reads and steering run, all else asks. open: everything runs. locked: only typed reads. */
export const REMOTE_PRESETS = ["guarded", "open", "locked"] as const;
export type RemotePreset = (typeof REMOTE_PRESETS)[number];

/** One rule over a program and its arguments; how it is compared: `judgeCommand`. */
export interface CommandRule {
  /** Glob over the program's name as it is called; `deny` and `ask` also look at its last part, and through `sudo`, `env` and the like. */
  program: string;
  /** Globs, one per argument; a last element `**` stands for any number. Absent: any arguments. */
  args?: string[];
  /** In `allow`, true: also as root. In `deny` and `ask`, true: only as root. */
  sudo?: boolean;
}

/** What may be done on the machines of an environment, and where its Kubernetes is. */
export interface EnvironmentRemote {
  preset: RemotePreset;
  /** Where this environment's Kubernetes is steered from: defaults of `cluster`, `node`, `user` of the tools. */
  cluster?: string;
  node?: string;
  user?: string;
  /** Whether kubectl, flux and helm need `sudo -n` there. */
  sudo: boolean;
  /** How kubectl finds the cluster: `default`, `k3s` (`k3s kubectl`), `kubeadm` (/etc/kubernetes/admin.conf), or an absolute path. */
  kubeconfig: string;
  /** Globs; undefined: any. */
  users?: string[];
  nodes?: string[];
  /** Labels that a machine must bear, with globs as values. */
  labels?: Record<string, string>;
  /** Deny wins over ask, ask over allow; what no rule names goes by the preset. */
  deny: CommandRule[];
  ask: CommandRule[];
  allow: CommandRule[];
}
