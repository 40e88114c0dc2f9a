import { execFileSync } from "node:child_process";
import { copyFileSync, mkdtempSync, renameSync, rmSync } from "node:fs";
import { request as httpsRequest } from "node:https";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connect as connectTls } from "node:tls";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { httpFixture } from "../fixture/http.ts";

describe("TLS", () => {
  let folder: string;
  const file = (name: string): string => join(folder, name);
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), "platform-ops-tls-"));
    const openssl = (...args: string[]): unknown => execFileSync("openssl", args, { cwd: folder, stdio: "ignore" });
    const key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"];
    openssl(
      "req",
      "-x509",
      ...key,
      "-keyout",
      "server.key",
      "-out",
      "server.pem",
      "-subj",
      "/CN=localhost",
      "-addext",
      "subjectAltName=DNS:localhost",
    );
    openssl("req", "-x509", ...key, "-keyout", "client.key", "-out", "client.pem", "-subj", "/CN=ann");
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  const get = async (url: string, client: object = {}): Promise<number | string> => {
    const { readFileSync } = await import("node:fs");
    return await new Promise((resolve) => {
      const one = httpsRequest(
        new URL("/healthz", url),
        { ca: readFileSync(file("server.pem")), servername: "localhost", ...client },
        (answer) => {
          answer.resume();
          resolve(answer.statusCode!);
        },
      );
      one.on("error", (error: NodeJS.ErrnoException) => resolve(error.code ?? "error"));
      one.end();
    });
  };

  test("is spoken where it is set, and clear text is not", async () => {
    await using http = await httpFixture({ settings: { tls: { cert_path: file("server.pem"), key_path: file("server.key") } } });
    expect(http.url).toMatch(/^https:/);
    expect(await get(http.url)).toBe(200);
    expect(await http.raw("GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")).not.toContain("200 OK");
  });

  test("with client_ca_path only clients with a certificate get through", async () => {
    const { readFileSync } = await import("node:fs");
    await using http = await httpFixture({
      settings: { tls: { cert_path: file("server.pem"), key_path: file("server.key"), client_ca_path: file("client.pem") } },
    });
    expect(await get(http.url)).not.toBe(200);
    expect(await get(http.url, { cert: readFileSync(file("client.pem")), key: readFileSync(file("client.key")) })).toBe(200);
  });

  test("a renewed certificate is shown without a restart", async () => {
    for (const name of ["server", "client"])
      for (const kind of ["key", "pem"]) copyFileSync(file(`${name}.${kind}`), file(`${name}-now.${kind}`));
    const tls = { cert_path: file("server-now.pem"), key_path: file("server-now.key") };
    await using http = await httpFixture({ settings: { tls }, renewal: { files: [], renew: () => ({}) } });
    const subject = (): Promise<string> =>
      new Promise((resolve, reject) => {
        const one = connectTls({ host: "127.0.0.1", port: http.port, rejectUnauthorized: false }, () => {
          resolve(String(one.getPeerCertificate().subject.CN));
          one.destroy();
        });
        one.on("error", reject);
      });
    expect(await subject()).toBe("localhost");
    renameSync(file("client-now.key"), file("server-now.key"));
    // Between the two files the one before is shown.
    await expect.poll(() => JSON.stringify(http.logs), { timeout: 10_000 }).toContain("was not renewed");
    expect(await subject()).toBe("localhost");
    renameSync(file("client-now.pem"), file("server-now.pem"));
    await expect.poll(subject, { timeout: 10_000 }).toBe("ann");
  });

  test.each([
    ["a file that is not there", "nope.pem", /cert_path: .*nope\.pem cannot be read/],
    ["a key that does not fit", "client.pem", /do not fit/],
  ])("%s is named at start", async (_, cert, words) => {
    await expect(httpFixture({ settings: { tls: { cert_path: file(cert), key_path: file("server.key") } } })).rejects.toMatchObject({
      code: "settings_invalid",
      message: expect.stringMatching(words),
    });
  });
});
