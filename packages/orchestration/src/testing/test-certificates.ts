import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** A certificate and its key, as files and as their bytes. */
export interface TestCertificate {
  readonly certPath: string;
  readonly keyPath: string;
  readonly cert: Buffer;
  readonly key: Buffer;
}

/** Certificates of one test, made by `openssl`. */
export interface TestCertificates {
  /** The authority that vouches for what `make` makes. */
  readonly authority: TestCertificate;
  /** One more. `days` below zero: it has expired. */
  make(name: string, options?: { readonly days?: number; readonly altName?: string }): TestCertificate;
  remove(): void;
}

const KEY = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"];

/** A new authority in a folder of its own. */
export function testCertificates(): TestCertificates {
  const folder = mkdtempSync(join(tmpdir(), "platform-ops-certificates-"));
  const openssl = (...args: string[]): unknown => execFileSync("openssl", args, { cwd: folder, stdio: "ignore" });
  const read = (name: string): TestCertificate => {
    const [certPath, keyPath] = [join(folder, `${name}.pem`), join(folder, `${name}.key`)];
    return { certPath, keyPath, cert: readFileSync(certPath), key: readFileSync(keyPath) };
  };
  openssl("req", "-x509", ...KEY, "-days", "2", "-keyout", "authority.key", "-out", "authority.pem", "-subj", "/CN=authority");
  return {
    authority: read("authority"),
    make(name, { days = 2, altName = "DNS:localhost" } = {}) {
      openssl("req", "-new", ...KEY, "-keyout", `${name}.key`, "-out", `${name}.csr`, "-subj", `/CN=${name}`);
      writeFileSync(join(folder, `${name}.ext`), `subjectAltName=${altName}\n`);
      const signed = ["-CA", "authority.pem", "-CAkey", "authority.key", "-CAcreateserial", "-extfile", `${name}.ext`, "-days", `${days}`];
      openssl("x509", "-req", "-in", `${name}.csr`, ...signed, "-out", `${name}.pem`);
      return read(name);
    },
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}
