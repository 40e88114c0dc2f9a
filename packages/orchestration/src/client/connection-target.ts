/** Certificates of a connection: their bytes. */
export interface TargetTls {
  readonly serverNameOverride?: string;
  readonly serverRootCACertificate?: Buffer;
  readonly clientCertPair?: { readonly crt: Buffer; readonly key: Buffer };
}

/** Everything needed to reach one Temporal, checked. Both SDK connections are made from it. */
export interface ConnectionTarget {
  readonly mode: "local" | "cluster";
  /** host:port */
  readonly address: string;
  readonly namespace: string;
  readonly apiKey?: string;
  readonly tls?: boolean | TargetTls;
  /** gRPC headers. */
  readonly metadata?: Readonly<Record<string, string>>;
}

/** Host and port of `host:port`, `[v6]:port` or a host alone (7233). */
export function splitAddress(address: string): { host: string; port: number } {
  const match = /^(?:\[([^\]]+)\]|([^:]+))(?::(\d+))?$/.exec(address);
  return { host: match?.[1] ?? match?.[2] ?? address, port: match?.[3] === undefined ? 7233 : Number(match[3]) };
}

/** True where the address never leaves this machine. */
export function isLoopback(address: string): boolean {
  const { host } = splitAddress(address);
  return host === "localhost" || host === "::1" || /^127(?:\.\d{1,3}){3}$/.test(host);
}
