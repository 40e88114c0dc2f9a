// A proxy tells its version to everybody: GET https://PROXY/webapi/ping. Needs no credentials and waits for no person.
import { OpsError } from "@platform-ops/errors";
import { readFile } from "node:fs/promises";
import type { Surroundings } from "../surroundings.ts";

/** What a proxy says of itself. */
export interface ProxyPing {
  /** host:port that answered. */
  readonly proxy: string;
  readonly version: string;
  readonly min_client_version?: string;
  readonly cluster_name?: string;
  /** local, oidc, saml, github. */
  readonly auth_type?: string;
  /** Name of the connector, for `tsh login --auth=`. */
  readonly auth_connector?: string;
}

export interface PingOptions {
  readonly insecure: boolean;
  readonly signal?: AbortSignal;
  /** Milliseconds for the whole answer. */
  readonly timeoutMs?: number;
}

const MAX_BODY_BYTES = 256 * 1024;
/** Where tsh looks when an address names no port. */
const DEFAULT_PORTS = [3080, 443];

/**
 * Asks a proxy. Follows no redirect and reads at most 256 KiB.
 * @param proxy host or host:port
 * @throws OpsError proxy_unreachable (no answer, no Teleport, an untrusted certificate), cancelled, invalid_input
 */
export async function pingProxy(proxy: string, surroundings: Surroundings, options: PingOptions): Promise<ProxyPing> {
  const match = /^(\[[0-9a-fA-F:]+\]|[A-Za-z0-9][A-Za-z0-9.-]*)(?::(\d{1,5}))?$/.exec(proxy);
  if (match?.[1] === undefined) throw new OpsError("invalid_input", "A proxy is host or host:port.");
  const host = match[1].replace(/^\[|\]$/g, "");
  const ports = match[2] === undefined ? DEFAULT_PORTS : [Number(match[2])];
  const ca = await trusted(surroundings);
  const attempts = ports.map((port) => pingAt(host, port, ca, options));
  try {
    return await Promise.any(attempts);
  } catch (error) {
    throw (error as AggregateError).errors[0];
  }
}

async function pingAt(
  host: string,
  port: number,
  ca: string[] | undefined,
  { insecure, signal, timeoutMs = 5000 }: PingOptions,
): Promise<ProxyPing> {
  const { request } = await import("node:https");
  const at = `${host.includes(":") ? `[${host}]` : host}:${port}`;
  const limit = AbortSignal.timeout(timeoutMs);
  const body = new Promise<string>((resolve, reject) => {
    const asked = request(
      {
        host,
        port,
        path: "/webapi/ping",
        method: "GET",
        headers: { accept: "application/json" },
        agent: false,
        rejectUnauthorized: !insecure,
        signal: signal === undefined ? limit : AbortSignal.any([signal, limit]),
        ...(ca === undefined ? {} : { ca }),
      },
      (response) => {
        const chunks: Buffer[] = [];
        let bytes = 0;
        response.on("data", (chunk: Buffer) => {
          bytes += chunk.length;
          if (bytes > MAX_BODY_BYTES) asked.destroy(new Error("too large"));
          else chunks.push(chunk);
        });
        response.on("end", () =>
          response.statusCode === 200 ? resolve(Buffer.concat(chunks).toString("utf8")) : reject(new Error("status")),
        );
        response.on("error", reject);
      },
    );
    asked.on("error", reject);
    asked.end();
  });
  let answer: string;
  try {
    answer = await body;
  } catch (error) {
    throw pingFailure(at, error, signal, limit.aborted);
  }
  return readPing(at, answer);
}

function readPing(at: string, body: string): ProxyPing {
  let json: Record<string, unknown> = {};
  try {
    const parsed: unknown = JSON.parse(body);
    if (typeof parsed === "object" && parsed !== null) json = parsed as Record<string, unknown>;
  } catch {
    // Told below.
  }
  const version = plain(json["server_version"]);
  if (version === undefined)
    throw new OpsError("proxy_unreachable", `${at} answers, but is no Teleport proxy.`, {
      hint: "Check remote.clusters.*.teleport.proxy.",
    });
  const auth = (typeof json["auth"] === "object" && json["auth"] !== null ? json["auth"] : {}) as Record<string, unknown>;
  const type = plain(auth["type"]);
  const connector = plain(((auth[type ?? ""] ?? {}) as Record<string, unknown>)["name"]);
  const [min, cluster] = [plain(json["min_client_version"]), plain(json["cluster_name"])];
  return {
    proxy: at,
    version,
    ...(min === undefined ? {} : { min_client_version: min }),
    ...(cluster === undefined ? {} : { cluster_name: cluster }),
    ...(type === undefined ? {} : { auth_type: type }),
    ...(connector === undefined ? {} : { auth_connector: connector }),
  };
}

/** A short word of another program's answer; anything else is not believed. */
function plain(value: unknown): string | undefined {
  return typeof value === "string" && /^[A-Za-z0-9][A-Za-z0-9._+-]{0,99}$/.test(value) ? value : undefined;
}

function pingFailure(at: string, error: unknown, signal: AbortSignal | undefined, isLate: boolean): OpsError {
  if (signal?.aborted === true) return new OpsError("cancelled", `The question to ${at} was cancelled.`);
  const code = String((error as { code?: unknown }).code ?? "");
  if (/CERT|SIGNATURE|ISSUER|ALTNAME/.test(code)) {
    return new OpsError("proxy_unreachable", `The certificate of the proxy ${at} is not trusted here, or is not for that name.`, {
      hint: "Set SSL_CERT_FILE to the authority that signed it; `insecure: true` in the operator's file is for test proxies only.",
      cause: error,
    });
  }
  if (isLate) return new OpsError("proxy_unreachable", `The proxy ${at} did not answer in time.`, { details: { late: at }, cause: error });
  return new OpsError("proxy_unreachable", `The proxy ${at} does not answer.`, { cause: error });
}

/** Authorities: Node's own, and those of SSL_CERT_FILE, which tsh honours too. */
async function trusted({ env }: Surroundings): Promise<string[] | undefined> {
  const file = env["SSL_CERT_FILE"];
  if (file === undefined || file === "") return undefined;
  const [{ rootCertificates }, own] = await Promise.all([import("node:tls"), readFile(file, "utf8").catch(() => "")]);
  return own === "" ? undefined : [...rootCertificates, own];
}
