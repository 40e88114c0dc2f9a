import { path } from "./shape/atoms.ts";
import { choice, list, map, number, optional, pattern, setting, whole, type TypeOf } from "./shape/shape.ts";

const host = pattern(
  /^(?:[A-Za-z0-9](?:[A-Za-z0-9.-]{0,251}[A-Za-z0-9])?|[0-9A-Fa-f:.]{2,45})$/,
  "must be a host's name or address, without a port",
);
const origin = pattern(/^https?:\/\/[^\s/]{1,300}$/, "must be scheme://host[:port], as browsers send it");

const limits = map({
  body_bytes: optional(whole(1024, 10_485_760)),
  body_seconds: optional(number(0.1, 300)),
  concurrent_requests: optional(whole(1, 10_000)),
  concurrent_requests_per_principal: optional(whole(1, 10_000)),
  connections: optional(whole(1, 50_000)),
  sessions: optional(whole(1, 100_000)),
  sessions_per_principal: optional(whole(1, 100_000)),
  session_idle_minutes: optional(number(0.01, 10_080)),
  requests_per_second: optional(number(0.1, 100_000)),
  burst: optional(whole(1, 100_000)),
  drain_seconds: optional(number(0, 600)),
});

/** What of section `http` is policy. */
const policy = {
  host: optional(host, "Where `http` listens: localhost (both of its addresses) by default. Anything but loopback needs tokens and TLS."),
  authentication: optional(
    choice(["token", "none"]),
    "Who may call: those with a bearer token (`token create`), or, on loopback only, every program of this machine (`none`).",
  ),
  tls: optional(
    map({ cert_path: path, key_path: path, client_ca_path: optional(path) }),
    "Certificate and key (PEM); with client_ca_path also clients must show a certificate.",
  ),
  allowed_hosts: optional(
    list(host, { min: 1, max: 100 }),
    "Names by which clients reach the server besides the one that it listens on; any other Host is refused.",
  ),
  allowed_origins: optional(list(origin, { max: 100 }), "Origins of web pages that may call; none by default."),
};

/** Section `http` of the operator's file. Only the port may be said elsewhere. */
export const http = map({
  port: setting(whole(0, 65_535), "Port of `http`; 0: a free one, which is printed.", { flag: "port", default: 0, example: "8720" }),
  ...policy,
  limits: optional(limits, "Bounds of `http`: see the guide."),
});

/** The same section of the system's policy. */
export const httpPolicy = map({ ...policy, limits: optional(limits) });
export type HttpPolicy = TypeOf<typeof httpPolicy>;
