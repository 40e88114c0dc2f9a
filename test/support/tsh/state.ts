// What an emulated Teleport cluster is made of. Read anew by every call of the emulator, so a test changes it at any time.

export interface EmulatedNode {
  id: string;
  hostname: string;
  /** host:port under which it is registered; nothing listens there. */
  addr: string;
  labels: Record<string, string>;
  expires: string;
  /** A number beyond what JSON numbers of JavaScript hold. */
  serial: string;
  down?: boolean;
}

export interface EmulatedUser {
  roles: string[];
  logins: string[];
  /** Labels that a machine must bear to be seen; absent: all are. */
  sees?: Record<string, string>;
  /** Text of a lock in force. */
  lock?: string;
}

export interface EmulatedRequest {
  id: string;
  user: string;
  roles: string[];
  resources: string[];
  state: number;
  created: string;
  expires: string;
  access_expires: string;
  serial: string;
  reason: string;
}

/** A profile folder's content: who logged in to which proxy. */
export interface EmulatedProfile {
  proxy: string;
  /** The active one. */
  user: string;
  /** Who has a key here, and until when. */
  logins: Record<string, { valid_until: string }>;
}

export interface EmulatedTeleport {
  version: string;
  proxy_version: string;
  cluster: string;
  /** Instant that counts as now; absent: the clock. */
  now?: string;
  /** Addresses at which a proxy answers; every other refuses the connection. */
  proxies: string[];
  nodes: EmulatedNode[];
  users: Record<string, EmulatedUser>;
  /** Identity files by absolute path. */
  identities: Record<string, { user: string; valid_until: string }>;
  /** By TELEPORT_HOME. */
  profiles: Record<string, EmulatedProfile>;
  /** Accounts that the machines have → the account of the sshd behind them. */
  accounts: Record<string, string>;
  requests: EmulatedRequest[];
  /** Name server that the proxy asks for unknown hosts. */
  resolver: string;
  /** Where the machines are really. */
  sshd: { host: string; port: number; key: string };
  /** What `tsh config` says of host keys; by default RSA only, as 13 does. */
  host_key_algorithms?: string;
  /** A proxy with single sign-on: a login waits for a browser, for 180 s. */
  sso?: boolean;
  /** Every call is written there, one JSON array a line. */
  journal?: string;
  /** Texts of `tsh help …` by the words behind help. */
  help: Record<string, string>;
}
