import { mkdtempSync, realpathSync, rmSync } from "node:fs";
import { EventEmitter } from "node:events";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openAudit, openDataDirectory, openTokens, type Tokens } from "@platform-ops/ledger";
import { afterEach, beforeEach, expect, test } from "vitest";
import { fixtureTools } from "../fixture/tools.ts";
import { runBin } from "./run-bin.ts";
import { tokenCommand } from "./token-command.ts";

let folder: string;
let tokens: Tokens;
beforeEach(async () => {
  folder = realpathSync(mkdtempSync(join(tmpdir(), "token-command-")));
  const directory = await openDataDirectory(join(folder, "home"));
  tokens = openTokens(directory, openAudit(directory));
});
afterEach(() => rmSync(folder, { recursive: true }));

async function run(...argv: string[]): Promise<{ code: number; out: string; err: string }> {
  const written = { out: "", err: "" };
  const code = await runBin({
    name: "x-mcp",
    version: "1.2.3",
    argv: ["token", ...argv],
    commands: async () => [tokenCommand(fixtureTools)],
    deps: async () => ({ config: { name: "things", user: "ann", settings: { read_only: false } }, ledger: async () => ({ tokens }) }),
    serve: async () => undefined,
    terminal: {
      stdout: (text) => void (written.out += text),
      stderr: (text) => void (written.err += text),
      isTTY: false,
      color: false,
      columns: 80,
    },
    signals: new EventEmitter(),
    platform: "linux",
  });
  return { code, ...written };
}

test("create prints the token alone on stdout, once; list shows it without", async () => {
  const made = await run("create", "--principal", "ci@example.com", "--toolsets", "things, danger", "--read-only", "--expires", "12h");
  expect(made).toMatchObject({ code: 0, out: expect.stringMatching(/^pot_\S{54}\n$/) });
  const token = made.out.trim();
  const grant = tokens.check(token, "things");
  expect(grant).toMatchObject({ principal: "ci@example.com", toolsets: ["things", "danger"], read_only: true, created_by: "tty:ann" });
  const hours = (Date.parse((grant as { expires_at: string }).expires_at) - Date.now()) / 3_600_000;
  expect(Math.round(hours)).toBe(12);
  const list = await run("list");
  expect(list.out).toMatch(
    /^TOKEN +PRINCIPAL +TAKEN +SERVER +TOOLSETS\n\S{10} {2}ci@example\.com {2}until \S+ \S+ +things +things,danger, read-only\n$/,
  );
  for (const text of [list.out, (await run("list", "--json")).out, made.err]) expect(text).not.toContain(token.slice(15));
});

test("revoke ends it, and says so", async () => {
  const { token, id } = JSON.parse((await run("create", "--principal", "ann", "--json")).out) as { token: string; id: string };
  expect(await run("revoke", id)).toMatchObject({ code: 0, out: expect.stringContaining("was revoked") });
  expect(tokens.check(token, "things")).toMatchObject({ refused: "revoked" });
  expect((await run("list")).out).toContain("revoked");
  expect(await run("revoke", "0000000000")).toMatchObject({ code: 1, err: expect.stringContaining("no token") });
});

test.each([
  [["create"], /--principal/],
  [["create", "--principal", "agent:x"], /--principal/],
  [["create", "--principal", "a b"], /--principal/],
  [["create", "--principal", "ann", "--expires", "soon"], /--expires/],
  [["create", "--principal", "ann", "--expires", "0d"], /--expires/],
  [["create", "--principal", "ann", "--expires", "9999d"], /--expires/],
  [["create", "--principal", "ann", "--toolsets", "thing"], /did you mean things/],
  [["create", "ann"], /token takes/],
  [["revoke"], /takes the id of a token[^]*token list/],
  [["revoke", "0000000000", "more"], /given "more" as well/],
  [["make"], /token takes/],
])("%j is wrong use", async (argv, words) => {
  expect(await run(...argv)).toMatchObject({ code: 2, out: "", err: expect.stringMatching(words) });
  expect(await tokens.list()).toEqual([]);
});
