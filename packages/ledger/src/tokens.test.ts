import { mkdir, readdir, readFile, rm, stat, symlink, writeFile } from "node:fs/promises";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { openTemporaryLedger, type TemporaryLedger } from "./testing.ts";
import { openTokens, type Tokens } from "./tokens.ts";

let ledger: TemporaryLedger;
let tokens: Tokens;
let now = new Date("2026-01-01T00:00:00Z");
beforeEach(async () => {
  now = new Date("2026-01-01T00:00:00Z");
  ledger = await openTemporaryLedger();
  tokens = openTokens(ledger.dir, ledger.audit, () => now);
});
afterEach(() => ledger.dispose());

const GRANT = { server: "things", principal: "ann", read_only: false, created_by: "tty:ann", expires_at: "2026-01-02T00:00:00.000Z" };
const otherSecret = (token: string): string => token.slice(0, -1) + (token.endsWith("A") ? "B" : "A");

it("takes what it made, until it expires, on its own server only", async () => {
  const { token, grant } = await tokens.create({ ...GRANT, toolsets: ["runs"] });
  expect(tokens.check(token, "things")).toEqual(grant);
  expect(grant).toMatchObject({ principal: "ann", toolsets: ["runs"], read_only: false, created_at: "2026-01-01T00:00:00.000Z" });
  expect(tokens.check(token, "others")).toEqual({ refused: "unknown" });
  now = new Date("2026-01-02T00:00:00.001Z");
  expect(tokens.check(token, "things")).toEqual({ refused: "expired", id: grant.id });
  expect(tokens.recheck(grant.id)).toMatchObject({ refused: "expired" });
});

it("keeps a digest, never the token, in a file of its own that only the owner reads", async () => {
  const { token, grant } = await tokens.create(GRANT);
  const path = ledger.dir.path("tokens", `${grant.id}.json`);
  const kept = await readFile(path, "utf8");
  expect(kept).not.toContain(token.slice(15));
  expect((await stat(path)).mode & 0o777).toBe(0o600);
  expect(JSON.stringify(await tokens.list())).not.toMatch(/digest|[0-9a-f]{64}/);
  expect(JSON.stringify(await ledger.audit.read())).not.toContain(token.slice(15));
});

it("a revoked one is taken nowhere, also by those who knew it", async () => {
  const elsewhere = openTokens(ledger.dir, ledger.audit, () => now);
  const { token, grant } = await tokens.create(GRANT);
  expect(elsewhere.check(token, "things")).toEqual(grant);
  const revoked = await tokens.revoke(grant.id, "tty:bob");
  expect(revoked.revoked_at).toBe("2026-01-01T00:00:00.000Z");
  expect(elsewhere.check(token, "things")).toEqual({ refused: "revoked", id: grant.id });
  expect(await tokens.revoke(grant.id, "tty:bob")).toEqual(revoked);
  expect((await ledger.audit.read()).map(({ kind, actor, what, target, id }) => ({ kind, actor, what, target, id }))).toEqual([
    { kind: "access", actor: "tty:ann", what: "token create", target: "ann on things", id: grant.id },
    { kind: "access", actor: "tty:bob", what: "token revoke", target: "ann on things", id: grant.id },
  ]);
});

it("lists all, newest first", async () => {
  const first = await tokens.create(GRANT);
  now = new Date("2026-01-01T01:00:00Z");
  const second = await tokens.create({ ...GRANT, principal: "eve" });
  expect(await tokens.list()).toEqual([second.grant, first.grant]);
});

describe("does not take", () => {
  it.each([
    ["another secret", otherSecret],
    ["nothing", () => ""],
    ["only the id", (token: string) => token.slice(0, 14)],
    ["an id that nothing has", (token: string) => token.replace(/^pot_.{10}/, "pot_0000000000")],
    ["a path", () => `pot_../../../x_${"A".repeat(43)}`],
    ["more than a token", (token: string) => `${token}A`],
    ["a megabyte", () => "A".repeat(1_000_000)],
  ])("%s", async (_, forge) => {
    const { token } = await tokens.create(GRANT);
    expect(tokens.check(forge(token), "things")).toEqual({ refused: "unknown" });
  });

  it("what stands in a damaged file, in another's file, or behind a link", async () => {
    const { token, grant } = await tokens.create(GRANT);
    const path = ledger.dir.path("tokens", `${grant.id}.json`);
    const whole = await readFile(path, "utf8");
    for (const text of [
      "",
      "{",
      "null",
      whole.replace(grant.id, "0000000000"),
      whole.replace(/"digest": "../, '"digest": "'),
      "x".repeat(100_000),
    ]) {
      await writeFile(path, text);
      expect(tokens.check(token, "things")).toEqual({ refused: "unknown" });
    }
    await writeFile(path, whole);
    expect(tokens.check(token, "things")).toEqual(grant);
    const linked = "abcdefghij";
    await symlink(path, ledger.dir.path("tokens", `${linked}.json`));
    expect(tokens.recheck(linked)).toEqual({ refused: "unknown" });
  });

  it("what cannot be read at all, without failing itself", async () => {
    const { token, grant } = await tokens.create(GRANT);
    const path = ledger.dir.path("tokens", `${grant.id}.json`);
    await rm(path);
    await symlink(path, path);
    for (const refused of [tokens.check(token, "things"), tokens.recheck(grant.id)]) expect(refused).toEqual({ refused: "unknown" });
    await rm(path);
    await mkdir(path);
    for (const refused of [tokens.check(token, "things"), tokens.recheck(grant.id)]) expect(refused).toEqual({ refused: "unknown" });
  });
});

it("revokes only what is there", async () => {
  for (const id of ["0000000000", "../keys/x", ""]) await expect(tokens.revoke(id, "tty:ann")).rejects.toMatchObject({ code: "not_found" });
  expect(await readdir(ledger.dir.path("tokens"))).toEqual([]);
});

it("masks a token wherever it is printed", async () => {
  const { token } = await tokens.create(GRANT);
  expect(ledger.redactor.text(`Authorization was ${token}, said the client`)).toBe("Authorization was [redacted], said the client");
});
