// A proxy's public face: HTTPS with a certificate of its own making, and what it tells everybody at /webapi/ping.
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import type { RequestListener } from "node:http";
import { createServer } from "node:https";
import type { AddressInfo } from "node:net";
import { join } from "node:path";

export interface EmulatedProxy {
  /** 127.0.0.1:port */
  readonly address: string;
  /** The certificate that signed itself. */
  readonly certificate: string;
  /** Paths that were asked for. */
  readonly asked: string[];
  stop(): Promise<void>;
}

/** What a proxy of that version answers (shape: Teleport's `webclient.PingResponse`). */
export function pingAnswer(version: string): string {
  return JSON.stringify({
    auth: { type: "oidc", second_factor: "otp", oidc: { name: "okta", display: "Okta" } },
    proxy: { kube: { enabled: false }, ssh: { listen_addr: "0.0.0.0:3023" }, tls_routing_enabled: true },
    server_version: version,
    min_client_version: "12.0.0",
    cluster_name: "loop.test",
  });
}

/** Starts one; `answer` replaces the usual answer. */
export async function startProxy(folder: string, answer: RequestListener): Promise<EmulatedProxy> {
  const [key, certificate] = [join(folder, "proxy.key"), join(folder, "proxy.pem")];
  const subject = ["-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1"];
  execFileSync(
    "openssl",
    [
      "req",
      "-x509",
      "-newkey",
      "ec",
      "-pkeyopt",
      "ec_paramgen_curve:prime256v1",
      "-nodes",
      "-days",
      "2",
      "-keyout",
      key,
      "-out",
      certificate,
      ...subject,
    ],
    { stdio: "ignore" },
  );
  const asked: string[] = [];
  const server = createServer({ key: readFileSync(key), cert: readFileSync(certificate) }, (request, response) => {
    asked.push(`${request.method} ${request.url}`);
    answer(request, response);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    address: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    certificate,
    asked,
    async stop() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
