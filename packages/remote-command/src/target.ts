/** One account on one machine. Names are checked by `checkTarget` before anything is started. */
export interface Target {
  /** A name of the operator's file, which says how its machines are reached. */
  readonly cluster: string;
  /** Hostname, or the UUID under which Teleport knows it. */
  readonly node: string;
  /** The login on the machine. */
  readonly user: string;
}

/** One machine of a cluster, as the transport knows it. */
export interface RemoteNode {
  readonly hostname: string;
  /** Under which it can be named when several have the same hostname; Teleport's UUID. */
  readonly id?: string;
  /** host:port; empty for a machine behind a reverse tunnel. */
  readonly address: string;
  readonly labels: Readonly<Record<string, string>>;
}
