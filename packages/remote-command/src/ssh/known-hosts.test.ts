import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { findHostKey, fingerprint, keyType, knownHostName, knownKeyTypes, parseKnownHosts } from "./known-hosts.ts";

const key = (type: string, fill: number): { line: string; wire: Buffer } => {
  const length = Buffer.alloc(4);
  length.writeUInt32BE(type.length);
  const wire = Buffer.concat([length, Buffer.from(type), Buffer.alloc(36, fill)]);
  return { line: `${type} ${wire.toString("base64")}`, wire };
};
const ED = key("ssh-ed25519", 1);
const ED_OTHER = key("ssh-ed25519", 2);
const RSA = key("ssh-rsa", 3);
const look = (text: string, host: string, port: number, wire = ED.wire) => findHostKey(parseKnownHosts(text, "f"), host, port, wire);

describe("a line of known_hosts", () => {
  it.each([
    ["plain", `web1 ${ED.line}`, "web1", 22],
    ["in a list, with a comment", `x,web1,y ${ED.line} root@web1`, "web1", 22],
    ["in capitals on either side", `WEB1 ${ED.line}`, "Web1", 22],
    ["after blanks and tabs", `  web1\t${ED.line}`, "web1", 22],
    ["with a port", `[web1]:2222 ${ED.line}`, "web1", 2222],
    ["without the port it is asked for", `web1 ${ED.line}`, "web1", 2222],
    ["with wildcards", `*.example.com ${ED.line}`, "db1.example.com", 22],
    ["with wildcards and a port", `[*.example.com]:2222 ${ED.line}`, "a.b.example.com", 2222],
    ["with a question mark", `web? ${ED.line}`, "web1", 22],
    ["among several keys", `web1 ${RSA.line}\nweb1 ${ED_OTHER.line}\nweb1 ${ED.line}`, "web1", 22],
    ["ended by CR", `web1 ${ED.line}\r`, "web1", 22],
  ])("vouches: %s", (_, text, host, port) => {
    expect(look(text, host, port)).toMatchObject({ finding: "known" });
  });

  it.each([
    ["for another host", `web2 ${ED.line}`],
    ["for another port", `[web1]:2222 ${ED.line}`],
    ["a longer name", `web1.example.com ${ED.line}`],
    ["with brackets that are no wildcard", `web[1] ${ED.line}`],
    ["negated", `*,!web1 ${ED.line}`],
    ["commented out", `# web1 ${ED.line}`],
    ["with a marker that nobody knows", `@trusted web1 ${ED.line}`],
    ["with broken base64", "web1 ssh-ed25519 AAAA*"],
    ["with a type that the key is not", `web1 ssh-rsa ${ED.line.split(" ")[1]}`],
    ["cut short", "web1 ssh-ed25519"],
    ["empty", ""],
  ])("does not vouch: %s", (_, text) => {
    expect(look(text, "web1", 22)).toEqual({ finding: "unknown", authority: false });
  });

  it("tells a changed key with the lines that hold the others", () => {
    const found = look(`# note\nweb1 ${ED_OTHER.line}`, "web1", 22);
    expect(found).toMatchObject({ finding: "changed", entries: [{ file: "f", line: 2 }] });
    expect(look(`web1 ${RSA.line}`, "web1", 22)).toMatchObject({ finding: "changed" });
  });

  it("takes a key of the plain name on another port for unknown, never for changed", () => {
    expect(look(`web1 ${ED_OTHER.line}`, "web1", 2222)).toMatchObject({ finding: "unknown" });
  });

  it("refuses a revoked key although another line knows it", () => {
    expect(look(`web1 ${ED.line}\n@revoked * ${ED.line}`, "web1", 22)).toMatchObject({ finding: "revoked", entry: { line: 2 } });
  });

  it("does not take the key of a certificate authority for the host's", () => {
    expect(look(`@cert-authority *.example.com ${ED.line}`, "a.example.com", 22)).toEqual({ finding: "unknown", authority: true });
  });

  it("stays fast with a pattern made to be slow", () => {
    const line = `${"*a".repeat(2000)}b ${ED.line}`;
    expect(look(line, "a".repeat(2000), 22)).toMatchObject({ finding: "unknown" });
  });
});

it("asks first for the types of keys that are known", () => {
  const entries = parseKnownHosts(`web1 ${RSA.line}\n@revoked web1 ${ED.line}\n[web1]:2222 ${ED.line}`, "f");
  expect([...knownKeyTypes(entries, "web1", 22)]).toEqual(["ssh-rsa"]);
  expect([...knownKeyTypes(entries, "web1", 2222)].sort()).toEqual(["ssh-ed25519", "ssh-rsa"]);
});

it("reads the type of a key from its wire form only where it is whole", () => {
  expect(keyType(ED.wire)).toBe("ssh-ed25519");
  for (const cut of [0, 3, 4, 10]) expect(keyType(ED.wire.subarray(0, cut))).toBe("");
  expect(keyType(Buffer.from([255, 255, 255, 255, 1]))).toBe("");
});

const keygen = (...args: string[]): string => execFileSync("ssh-keygen", args, { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] });
const hasKeygen = (() => {
  try {
    return keygen("-Q", "key") !== undefined;
  } catch (error) {
    return (error as { code?: string }).code !== "ENOENT";
  }
})();

describe.skipIf(!hasKeygen)("what ssh-keygen writes (needs openssh-client)", () => {
  const folder = mkdtempSync(join(tmpdir(), "known-hosts-"));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it("is read when hashed, with and without a port, and its fingerprint is the same", () => {
    keygen("-q", "-t", "ed25519", "-N", "", "-f", join(folder, "key"));
    const [type = "", encoded = ""] = readFileSync(join(folder, "key.pub"), "utf8").split(" ");
    const wire = Buffer.from(encoded, "base64");
    const file = join(folder, "known_hosts");
    writeFileSync(file, `web1 ${type} ${encoded}\n[web2]:2222 ${type} ${encoded}\n`);
    keygen("-H", "-f", file);
    const text = readFileSync(file, "utf8");
    expect(text).not.toMatch(/web/);
    expect(look(text, "web1", 22, wire)).toMatchObject({ finding: "known" });
    expect(look(text, "web2", 2222, wire)).toMatchObject({ finding: "known" });
    expect(look(text, "web3", 22, wire)).toMatchObject({ finding: "unknown" });
    expect(look(text, "web1", 22)).toMatchObject({ finding: "changed" });
    expect(keygen("-l", "-f", join(folder, "key.pub"))).toContain(fingerprint(wire));
    expect(knownHostName("Web1", 2222)).toBe("[web1]:2222");
  });
});
