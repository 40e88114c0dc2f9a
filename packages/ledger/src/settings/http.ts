/** Bounds of what clients may ask of the HTTP server. */
export interface HttpLimits {
  /** Of one request's body. */
  body_bytes: number;
  /** In which a body must have arrived. */
  body_seconds: number;
  /** Requests that are worked on at once, of all clients and of one principal. */
  concurrent_requests: number;
  concurrent_requests_per_principal: number;
  connections: number;
  /** Open sessions (2025 era), of all clients and of one principal. */
  sessions: number;
  sessions_per_principal: number;
  /** Minutes without a request after which a session ends. */
  session_idle_minutes: number;
  /** Of one token, in the long run and at once. */
  requests_per_second: number;
  burst: number;
  /** Seconds in which requests are still answered after SIGTERM or SIGINT. */
  drain_seconds: number;
}

/** Section `http`: where the subcommand of that name listens, and whom it answers. */
export interface HttpSettings {
  port: number;
  host: string;
  authentication: "token" | "none";
  tls?: { cert_path: string; key_path: string; client_ca_path?: string };
  allowed_hosts: string[];
  allowed_origins: string[];
  limits: HttpLimits;
}

/** What holds where nothing is said. */
export const HTTP_LIMITS: HttpLimits = {
  body_bytes: 4_194_304,
  body_seconds: 10,
  concurrent_requests: 512,
  concurrent_requests_per_principal: 384,
  connections: 4_096,
  sessions: 2_000,
  sessions_per_principal: 500,
  session_idle_minutes: 30,
  requests_per_second: 1_000,
  burst: 2_000,
  drain_seconds: 8,
};
