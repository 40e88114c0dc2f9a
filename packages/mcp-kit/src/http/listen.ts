import { readFileSync } from "node:fs";
import { createServer, type RequestListener, type Server } from "node:http";
import { createServer as createTlsServer, type Server as SecureServer } from "node:https";
import type { AddressInfo } from "node:net";
import { isIP } from "node:net";
import { OpsError } from "@platform-ops/errors";
import type { HttpSettings } from "@platform-ops/ledger";

/** The largest head of a request, in bytes, and the seconds in which it must have arrived. */
const MAX_HEAD_BYTES = 16 * 1024;
const HEAD_SECONDS = 10;
/** How often connections are looked at that take too long. */
const LOOK_EVERY_MS = 1_000;
/** A connection on which nothing moves at all; streams are kept alive every 15 s. */
const SILENT_MS = 15 * 60_000;
/** Between two requests of one connection. */
const KEEP_ALIVE_MS = 65_000;

/** Whether an address or name is of this machine only. */
export function isLoopback(host: string): boolean {
  return host === "localhost" || host === "::1" || (isIP(host) === 4 && host.startsWith("127."));
}

/** Makes servers that listen on one port of every address of the host. @throws OpsError port_taken, settings_invalid */
export async function listen(
  settings: HttpSettings,
  listener: RequestListener,
): Promise<{ servers: Server[]; port: number; addresses: string[] }> {
  if (settings.host !== "localhost") {
    const server = await listening(settings, listener, settings.host, settings.port);
    return { servers: [server], port: portOf(server), addresses: [settings.host] };
  }
  // `localhost` is both: another program on the other one would be given the tokens of our clients.
  for (let tries = 0; ; tries++) {
    const first = await listening(settings, listener, "127.0.0.1", settings.port);
    const port = portOf(first);
    try {
      return { servers: [first, await listening(settings, listener, "::1", port)], port, addresses: ["127.0.0.1", "::1"] };
    } catch (error) {
      if (isMissingFamily(error)) return { servers: [first], port, addresses: ["127.0.0.1"] };
      await new Promise((resolve) => first.close(resolve));
      if (settings.port !== 0 || tries === 9) throw error;
    }
  }
}

async function listening(settings: HttpSettings, listener: RequestListener, host: string, port: number): Promise<Server> {
  const server = createFor(settings, listener);
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen({ host, port, exclusive: true, ipv6Only: host === "::1" }, resolve);
  }).catch((error: NodeJS.ErrnoException) => {
    throw failedToListen(error, host, port);
  });
  // What goes wrong with one connection is no failure of the server.
  server.on("error", () => undefined);
  return server;
}

function createFor({ tls, limits }: HttpSettings, listener: RequestListener): Server {
  const bounds = {
    handshakeTimeout: HEAD_SECONDS * 1000,
    maxHeaderSize: MAX_HEAD_BYTES,
    headersTimeout: HEAD_SECONDS * 1000,
    requestTimeout: (HEAD_SECONDS + limits.body_seconds) * 1000,
    connectionsCheckingInterval: LOOK_EVERY_MS,
    keepAliveTimeout: KEEP_ALIVE_MS,
    requireHostHeader: true,
  };
  const server =
    tls === undefined
      ? createServer(bounds, listener)
      : (secured(() => createTlsServer({ ...bounds, ...credentials(tls) }, listener)) as unknown as Server);
  server.maxConnections = limits.connections;
  server.timeout = SILENT_MS;
  return server;
}

/** From now on connections are made with the certificates as they are now. @throws OpsError settings_invalid */
export function renewCertificates(servers: readonly Server[], tls: NonNullable<HttpSettings["tls"]>): void {
  for (const server of servers) secured(() => (server as unknown as SecureServer).setSecureContext(credentials(tls)));
}

function credentials(tls: NonNullable<HttpSettings["tls"]>): object {
  const read = (name: "cert_path" | "key_path" | "client_ca_path"): Buffer => {
    const path = tls[name]!;
    try {
      return readFileSync(path);
    } catch {
      throw new OpsError("settings_invalid", `http.tls.${name}: ${path} cannot be read.`);
    }
  };
  return {
    cert: read("cert_path"),
    key: read("key_path"),
    minVersion: "TLSv1.2",
    ...(tls.client_ca_path === undefined ? {} : { ca: read("client_ca_path"), requestCert: true, rejectUnauthorized: true }),
  };
}

function secured<T>(make: () => T): T {
  try {
    return make();
  } catch (error) {
    if (error instanceof OpsError) throw error;
    throw new OpsError("settings_invalid", "http.tls: the certificate and the key do not fit, or are no PEM.", { cause: error });
  }
}

function failedToListen(error: NodeJS.ErrnoException, host: string, port: number): Error {
  if (error.code === "EADDRINUSE")
    return new OpsError("port_taken", `Port ${port} of ${host} is used by another program.`, {
      hint: "Choose another one with --port, or 0 for a free one.",
    });
  if (error.code === "EACCES")
    return new OpsError("settings_invalid", `This account may not listen on port ${port}.`, { hint: "Choose one above 1023." });
  if (error.code === "ENOTFOUND" || (error.code === "EADDRNOTAVAIL" && host !== "::1"))
    return new OpsError("settings_invalid", `http.host: ${host} is no address of this machine.`);
  return error;
}

/** This machine has no IPv6. */
function isMissingFamily(error: unknown): boolean {
  return ["EADDRNOTAVAIL", "EAFNOSUPPORT"].includes((error as NodeJS.ErrnoException).code ?? "");
}

function portOf(server: Server): number {
  return (server.address() as AddressInfo).port;
}
