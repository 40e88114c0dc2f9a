import { isIP } from "node:net";
import { connect, type PeerCertificate, type TLSSocket } from "node:tls";
import { splitAddress, type ConnectionTarget } from "../client/connection-target.ts";

/** A handshake that came to its end. Nothing was sent over it yet. */
export interface Handshake {
  readonly socket: TLSSocket;
  /** Why the server's certificate is not believed, in Node's words (https://nodejs.org/api/tls.html#x509-certificate-error-codes). */
  readonly mistrust: string | undefined;
  readonly certificate: Partial<PeerCertificate>;
}

/** Whether this was said by a TLS peer: one that listens to handshakes, and does not like ours. */
export const isAlert = (code: string): boolean => /^ERR_SSL_.*ALERT/.test(code);

/** What went wrong, as Node's code of it. */
export const codeOf = (error: unknown): string => (error as NodeJS.ErrnoException | null)?.code ?? "";

/**
 * One TLS handshake as the SDK makes it: its authorities, its name, its certificate, HTTP/2. The peer is judged here and not by
 * Node, so that the certificate that is not believed can be described; the caller sends nothing where there is `mistrust`.
 * Rejects with Node's own error, or one of the code ETIMEDOUT.
 */
export function shakeHands({ address, tls }: ConnectionTarget, timeoutMs: number): Promise<Handshake> {
  const { host, port } = splitAddress(address);
  const { serverNameOverride, serverRootCACertificate, clientCertPair } = typeof tls === "object" ? tls : {};
  const name = serverNameOverride ?? host;
  return new Promise((resolve, reject) => {
    const socket = connect({
      host,
      port,
      ALPNProtocols: ["h2"],
      rejectUnauthorized: false,
      ...(isIP(name) === 0 ? { servername: name } : {}),
      ...(serverRootCACertificate === undefined ? {} : { ca: serverRootCACertificate }),
      ...(clientCertPair === undefined ? {} : { cert: clientCertPair.crt, key: clientCertPair.key }),
    });
    const fail = (error: Error): void => {
      clearTimeout(timer);
      socket.destroy();
      reject(error);
    };
    const timer = setTimeout(() => fail(Object.assign(new Error("no handshake in time"), { code: "ETIMEDOUT" })), timeoutMs);
    socket.once("error", fail);
    socket.once("secureConnect", () => {
      clearTimeout(timer);
      socket.off("error", fail);
      // Node keeps the error's code there, whatever its type says.
      const mistrust = socket.authorized ? undefined : String(socket.authorizationError);
      resolve({ socket, mistrust, certificate: socket.getPeerCertificate() });
    });
  });
}
