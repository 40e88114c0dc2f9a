import { describe, expect, it } from "vitest";
import { MASK, Redactor } from "./redaction.ts";

const SECRET = 's3cr&t"va<lue/ü?';

describe("masking by value", () => {
  const encoded: [string, string][] = [
    ["as it is", SECRET],
    ["in JSON", JSON.stringify({ a: SECRET })],
    ["in JSON inside of JSON", JSON.stringify(JSON.stringify({ a: SECRET }))],
    ["as Go writes JSON", JSON.stringify(SECRET).replace("&", "\\u0026").replace("<", "\\u003c")],
    ["in base64", Buffer.from(SECRET).toString("base64")],
    ["in base64 for URLs", Buffer.from(SECRET).toString("base64url")],
    ["in hex", Buffer.from(SECRET).toString("hex")],
    ["in a URL", encodeURIComponent(SECRET)],
    ["in a form", new URLSearchParams({ q: SECRET }).toString()],
    ["as a header of basic authentication", Buffer.from(`user:${SECRET}`).toString("base64")],
    ["encoded behind one more byte", Buffer.from(`x${SECRET}yz`).toString("base64")],
    ["encoded behind two more bytes", Buffer.from(`xy${SECRET}z`).toString("base64")],
  ];
  it.each(encoded)("finds a secret %s", (_, text) => {
    const masked = new Redactor([SECRET]).text(`before ${text} after`);
    expect(masked).toContain(MASK);
    expect(masked).toMatch(/^before .* after$/s);
    for (const [, form] of encoded.slice(0, 8)) expect(masked).not.toContain(form);
  });

  it("finds a secret of several lines also line by line, with other line ends, indented, escaped", () => {
    const secret = "first line of it\nsecond line of it\n}\nthird line of it\n";
    const redactor = new Redactor([secret]);
    for (const text of [
      secret,
      secret.replaceAll("\n", "\r\n"),
      secret.trimEnd(),
      JSON.stringify(secret),
      secret
        .split("\n")
        .map((line) => `    | ${line}`)
        .join("\n"),
      "only the second line of it here",
      "second line of it\\n",
    ]) {
      expect(redactor.text(text)).not.toMatch(/line of it(?! here)/);
    }
    expect(redactor.text("}")).toBe("}");
  });

  it("leaves no piece between overlapping secrets, and does not garble its own mask", () => {
    const redactor = new Redactor(["abcdef", "defghi", "redacted"]);
    expect(redactor.text("xabcdefghiy abcdef")).toBe(`x${MASK}y ${MASK}`);
  });

  it("does not take short values and plain words for secrets", () => {
    expect(new Redactor(["abc", "", "true"]).text("abc true")).toBe("abc true");
  });

  it("finds secrets that it is told of later", () => {
    const redactor = new Redactor();
    expect(redactor.text("later-on")).toBe("later-on");
    redactor.addSecret("later-on");
    expect(redactor.text("later-on")).toBe(MASK);
  });
});

describe("masking by mark", () => {
  it.each([
    ['password = "hunter2"', `password = "${MASK}"`],
    ['{"db_password":"hunt\\"er2","user":"ann"}', `{"db_password":"${MASK}","user":"ann"}`],
    ['"{\\"apiKey\\":\\"hunter2\\",\\"n\\":1}"', `"{\\"apiKey\\":\\"${MASK}\\",\\"n\\":1}"`],
    ["export DB_PASSWORD=hunter2 X=1", `export DB_PASSWORD=${MASK} X=1`],
    ["postgres://ann:hunter2@db/x", `postgres://ann:${MASK}@db/x`],
    ["Authorization: Bearer hunter2", `Authorization: Bearer ${MASK}`],
    ["  client_secret: hunter2", `  client_secret: ${MASK}`],
    ["-----BEGIN OPENSSH PRIVATE KEY-----\nAAA\n-----END OPENSSH PRIVATE KEY-----\nx", `${MASK}\nx`],
    ["-----BEGIN RSA PRIVATE KEY-----\ncut off here", MASK],
    [`token ghp_${"a".repeat(36)} x`, `token ${MASK} x`],
    [`eyJ${"a".repeat(20)}.eyJ${"b".repeat(20)}.sig-x y`, `${MASK} y`],
  ])("%s", (text, masked) => {
    expect(new Redactor().text(text)).toBe(masked);
    expect(new Redactor().text(masked)).toBe(masked);
  });

  it.each([
    "password = (sensitive value)",
    "invalid token: signature is invalid",
    "nextPageToken=abc",
    "maxTokens: 5",
    "secret = {",
    "https://host/path:1@x",
    "-----BEGIN CERTIFICATE-----\nAAA",
    "no password was given",
  ])("leaves %s", (text) => {
    expect(new Redactor().text(text)).toBe(text);
  });

  it("masks what stands under a marked name, at any depth, and changes nothing in place", () => {
    const value = {
      a: [{ dbPassword: "x", TF_TOKEN: 5, "x-api-key": ["k", { v: "w" }], empty_secret: "", has_token: true, secret: null }],
      progressToken: "p",
      kind: "Secret",
      data: { ca: "Zm9v" },
      n: 3,
    };
    const copy = structuredClone(value);
    expect(new Redactor().value(value)).toEqual({
      a: [{ dbPassword: MASK, TF_TOKEN: MASK, "x-api-key": [MASK, { v: MASK }], empty_secret: "", has_token: true, secret: null }],
      progressToken: "p",
      kind: "Secret",
      data: { ca: MASK },
      n: 3,
    });
    expect(value).toEqual(copy);
  });

  it("masks names and numbers that are secrets, keeps __proto__ as data, and ends for any depth", () => {
    const redactor = new Redactor(["hunter22", "12345678"]);
    expect(redactor.value({ hunter22: 12_345_678 })).toEqual({ [MASK]: MASK });
    const masked = redactor.value(JSON.parse('{"__proto__":{"password":"x"}}') as object);
    expect(JSON.stringify(masked)).toBe(`{"__proto__":{"password":"${MASK}"}}`);
    let deep: unknown = "hunter22";
    for (let level = 0; level < 5000; level += 1) deep = [deep];
    expect(JSON.stringify(redactor.value(deep))).not.toContain("hunter22");
  });
});
