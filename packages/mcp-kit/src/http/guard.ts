import type { IncomingMessage } from "node:http";
import { Refusal } from "./refusal.ts";

/** By which names and from which web pages a server may be called. */
export interface GuardOptions {
  /** Names or addresses, without port. */
  readonly hosts: readonly string[];
  /** Origins, exactly as browsers send them. */
  readonly origins: readonly string[];
}

/** Headers that a web page may send, and those that it may read. */
const REQUEST_HEADERS = "authorization, content-type, last-event-id, mcp-method, mcp-name, mcp-protocol-version, mcp-session-id";
const RESPONSE_HEADERS = "mcp-protocol-version, mcp-session-id, retry-after, www-authenticate";

/** Names of this machine's loopback, as a Host header has them. */
export const LOOPBACK_HOSTS: readonly string[] = ["localhost", "127.0.0.1", "::1"];

/**
 * Refuses a request that a web page made by a name of its own for our address (DNS rebinding): its Host is none of ours.
 * The port is not looked at: a forwarded one is another.
 */
export function checkHost(request: IncomingMessage, { hosts }: GuardOptions): void {
  const given = request.rawHeaders.filter((_, at) => at % 2 === 0).filter((name) => name.toLowerCase() === "host").length;
  const host = given === 1 ? hostName(request.headers.host ?? "") : undefined;
  if (host === undefined || !hosts.includes(host))
    throw new Refusal(
      403,
      "host",
      "The Host header names a host that this server does not go by. Reach it by the address that it printed.",
    );
}

/**
 * The headers that let the page of an allowed origin read the answer; none for what is no web page.
 * @throws Refusal 403 for a page of any other origin
 */
export function checkOrigin(request: IncomingMessage, { hosts, origins }: GuardOptions, scheme: string): Record<string, string> {
  const { origin } = request.headers;
  if (origin === undefined) return {};
  if (origins.includes(origin)) {
    return {
      "access-control-allow-origin": origin,
      "access-control-expose-headers": RESPONSE_HEADERS,
      vary: "Origin",
    };
  }
  // A page of ours: same origin, by the Host that was checked before.
  const isOwn = origin === `${scheme}://${request.headers.host}` && hosts.includes(hostName(request.headers.host ?? "") ?? "");
  if (isOwn) return { vary: "Origin" };
  throw new Refusal(
    403,
    "origin",
    "Web pages of this origin may not call this server; http.allowed_origins of the operator's file names those that may.",
  );
}

/** What a browser is told that asks before it calls. */
export const PREFLIGHT_HEADERS: Readonly<Record<string, string>> = {
  "access-control-allow-methods": "GET, POST, DELETE",
  "access-control-allow-headers": REQUEST_HEADERS,
  "access-control-max-age": "600",
};

/** `localhost:1234` → `localhost`; `[::1]:1234` → `::1`; undefined for what is no host. */
function hostName(host: string): string | undefined {
  const [, bracketed, plain] = /^(?:\[([0-9A-Fa-f:.]+)\]|([A-Za-z0-9.-]+))(?::\d{1,5})?$/.exec(host) ?? [];
  return (bracketed ?? plain)?.toLowerCase().replace(/\.$/, "");
}
