import {
  chmodSync,
  chownSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import type { Terminal } from "@platform-ops/ledger";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { readServerConfig } from "../server-config.ts";
import { CLIENT_APPLICATIONS } from "./applications.ts";
import { putIn, takeOut } from "./change-entry.ts";
import { listClients } from "./list-clients.ts";
import { startsServer } from "./server-entry.ts";

const IDENTITY = { name: "x", bin: "terraform-mcp", package: "@platform-ops/terraform-mcp", version: "1.2.3", about: "" };
const SECRET = "s3cr3t-value-9";

let home: string;
let out: string;

beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), "install-"));
  mkdirSync(join(home, "project"));
  mkdirSync(join(home, "checkout/servers/terraform/dist"), { recursive: true });
  writeFileSync(join(home, "checkout/servers/terraform/dist/bin.js"), "");
  out = "";
});
afterEach(() => rmSync(home, { recursive: true, force: true }));

const terminal: Terminal = { stdout: (text) => void (out += text), stderr: () => undefined, isTTY: false, color: false, columns: 80 };

/** A bin as it runs from a checkout, or from where a package manager put it. */
function configured(options: { script?: string; argv?: string[]; env?: Record<string, string> } = {}) {
  const { script = join(home, "checkout/servers/terraform/dist/bin.js"), argv = [], env = {} } = options;
  const around = {
    argv,
    env,
    script,
    runtime: "/opt/node",
    pid: 1,
    cwd: join(home, "project"),
    home,
    user: "ann",
    platform: "linux",
  } as const;
  return readServerConfig(around, IDENTITY);
}

const NPX = "/cache/_npx/abc/node_modules/@platform-ops/terraform-mcp/dist/bin.js";

type Options = Record<string, string | boolean | string[]>;

function install(client: string, options: Options = {}, config = configured()) {
  return putIn({ positionals: [client], options }, config, IDENTITY, terminal);
}

function undo(client: string, options: Options = {}) {
  return takeOut({ positionals: [client], options }, configured(), IDENTITY, terminal);
}

const file = (...parts: string[]): string => join(home, ...parts);
const json = (...parts: string[]): unknown => JSON.parse(readFileSync(file(...parts), "utf8"));

describe("install", () => {
  test.each(CLIENT_APPLICATIONS.flatMap(({ id }) => (["user", "project"] as const).map((scope) => [id, scope] as const)))(
    "%s, scope %s: in, again, out",
    async (id, scope) => {
      const application = CLIENT_APPLICATIONS.find((each) => each.id === id)!;
      const path = application.file(scope, { home, project: file("project"), platform: "linux", env: {} });
      if (path === undefined) {
        await expect(install(id, { scope })).rejects.toMatchObject({ code: "invalid_input" });
        return;
      }
      expect(await install(id, { scope })).toBe(0);
      const written = readFileSync(path, "utf8");
      expect(written).toContain(application.container);
      expect(written).toContain("servers/terraform/dist/bin.js");
      expect(statSync(path).mode & 0o777).toBe(scope === "user" ? 0o600 : 0o644);
      await install(id, { scope });
      expect(out).toContain("unchanged");
      expect(readFileSync(path, "utf8")).toBe(written);
      expect(await undo(id, { scope })).toBe(0);
      expect(readdirSync(dirname(path)).filter((left) => /before|\.\d+-/.test(left))).toEqual([]);
      expect(existsSync(path)).toBe(false);
    },
  );

  test("names the published package at its version where a package manager put it, and flags with absolute paths", async () => {
    const config = configured({ script: NPX, argv: ["install", "--root", ".", "--read-only", "--temporal.idle-minutes=5"] });
    await install("cursor", {}, config);
    expect(json(".cursor", "mcp.json")).toEqual({
      mcpServers: {
        terraform: {
          command: "npx",
          args: ["-y", "@platform-ops/terraform-mcp@1.2.3", "--temporal.idle-minutes", "5", "--root", file("project"), "--read-only=true"],
        },
      },
    });
    await expect(install("cursor", { local: true }, config)).rejects.toMatchObject({ code: "invalid_input" });
  });

  test("an older version of ours is brought up to date, an entry of somebody else is not touched", async () => {
    const path = file(".cursor", "mcp.json");
    mkdirSync(dirname(path));
    writeFileSync(
      path,
      '{"mcpServers":{"terraform":{"command":"npx","args":["-y","@platform-ops/terraform-mcp@1.0.0"],"disabled":false}}}',
    );
    await install("cursor", {}, configured({ script: NPX }));
    expect(json(".cursor", "mcp.json")).toMatchObject({
      mcpServers: { terraform: { args: ["-y", "@platform-ops/terraform-mcp@1.2.3"], disabled: false } },
    });
    const foreign = '{"mcpServers":{"terraform":{"command":"docker","args":["run","hashicorp/terraform-mcp-server"]}}}';
    writeFileSync(path, foreign);
    for (const change of [install, undo])
      await expect(change("cursor")).rejects.toMatchObject({ code: "already_exists", hint: expect.stringContaining("--name") });
    expect(readFileSync(path, "utf8")).toBe(foreign);
    await install("cursor", { name: "ours" });
    expect(json(".cursor", "mcp.json")).toMatchObject({ mcpServers: { terraform: { command: "docker" }, ours: { command: "/opt/node" } } });
  });

  test("variables are referred to where the client can; where it cannot, their values stand in the file and are never shown", async () => {
    const config = configured({ env: { AWS_PROFILE: SECRET } });
    const options = { env: ["AWS_PROFILE", "AWS_PROFILE"] };
    for (const id of ["claude-code", "cursor", "vscode", "gemini", "codex", "zed"]) {
      await install(id, { ...options, "dry-run": true }, config);
      await install(id, { ...options, print: true }, config);
      await install(id, options, config);
    }
    expect(json(".claude.json")).toMatchObject({ mcpServers: { terraform: { env: { AWS_PROFILE: "${AWS_PROFILE}" } } } });
    expect(json(".cursor", "mcp.json")).toMatchObject({ mcpServers: { terraform: { env: { AWS_PROFILE: "${env:AWS_PROFILE}" } } } });
    expect(json(".config", "zed", "settings.json")).toMatchObject({ context_servers: { terraform: { env: { AWS_PROFILE: SECRET } } } });
    expect(readFileSync(file(".codex", "config.toml"), "utf8")).toContain('env_vars = [ "AWS_PROFILE" ]');
    expect(out).not.toContain(SECRET);
    expect(out).toContain("<value of AWS_PROFILE>");
    await expect(install("zed", { env: ["NOT_SET"] }, config)).rejects.toMatchObject({ code: "invalid_input" });
    await expect(install("zed", { env: [`A=${SECRET}`] }, config)).rejects.toThrow(/^(?!.*s3cr3t)/);
  });

  test("a dry run shows the change without the secrets of others, and writes nothing", async () => {
    const path = file(".cursor", "mcp.json");
    mkdirSync(dirname(path));
    const before = `{"mcpServers": {"a": {"command": "x", "env": {"T": "${SECRET}"}, "headers": {"X": "${SECRET}2"}}}}`;
    writeFileSync(path, before);
    await install("cursor", { "dry-run": true });
    expect(out).toMatch(/\+ .*"terraform"/);
    expect(out).toContain("Nothing was written");
    expect(out).not.toContain(SECRET);
    expect(readFileSync(path, "utf8")).toBe(before);
    expect(readdirSync(dirname(path))).toEqual(["mcp.json"]);
  });

  test("--print touches no file, and what it prints means what would be written", async () => {
    await install("vscode", { print: true });
    expect(existsSync(file(".config"))).toBe(false);
    const printed: unknown = JSON.parse(out);
    await install("vscode");
    expect(json(".config", "Code", "User", "mcp.json")).toEqual(printed);
  });

  test("mode and link of the file stay; the copy of what was there has the file's mode; undo brings back its bytes", async () => {
    const [real, path] = [file("dotfiles.json"), file(".claude.json")];
    const before = `{ "numStartups": 3,\n   "mcpServers": { "a": {"command": "x", "args": [ "1" ]} } }`;
    writeFileSync(real, before);
    chmodSync(real, 0o660);
    symlinkSync(real, path);
    await install("claude-code");
    expect(lstatSync(path).isSymbolicLink()).toBe(true);
    expect(statSync(real).mode & 0o777).toBe(0o660);
    expect(readFileSync(`${real}.before-terraform`, "utf8")).toBe(before);
    expect(statSync(`${real}.before-terraform`).mode & 0o777).toBe(0o660);
    await undo("claude-code");
    expect(readFileSync(real, "utf8")).toBe(before);
    expect(existsSync(`${real}.before-terraform`)).toBe(false);
  });

  // Under sudo it is somebody else's, whose client must go on reading it; elsewhere nothing can be given away.
  test("the file stays its owner's", async () => {
    const path = file(".claude.json");
    writeFileSync(path, "{}");
    if (process.getuid?.() === 0) chownSync(path, 12_345, 12_346);
    const { uid, gid } = statSync(path);
    await install("claude-code");
    for (const one of [path, `${path}.before-terraform`]) expect(statSync(one)).toMatchObject({ uid, gid });
  });

  test("undo keeps what was said since, and the copy", async () => {
    const path = file(".gemini", "settings.json");
    mkdirSync(dirname(path));
    writeFileSync(path, '{"theme": "a"}');
    await install("gemini");
    writeFileSync(path, readFileSync(path, "utf8").replace('"a"', '"b"'));
    await undo("gemini");
    expect(json(".gemini", "settings.json")).toEqual({ theme: "b", mcpServers: {} });
    expect(readFileSync(`${path}.before-terraform`, "utf8")).toBe('{"theme": "a"}');
    expect(await undo("gemini")).toBe(0);
    expect(out).toContain("nothing was changed");
  });

  test.each([
    ["a link to nothing", (path: string) => symlinkSync(join(home, "gone"), path), /link to nothing/],
    ["a folder", (path: string) => mkdirSync(path), /is not a file/],
    ["not text", (path: string) => writeFileSync(path, Buffer.from([0x7b, 0xff, 0x7d])), /not UTF-8/],
    ["write-protected", (path: string) => writeFileSync(path, "{}", { mode: 0o444 }), /may not be written/],
    ["broken", (path: string) => writeFileSync(path, '{\n "a": \n}'), /mcp\.json:3:1: value expected/],
  ])("a file that is %s is left alone", async (_what, make, words) => {
    const path = file(".cursor", "mcp.json");
    mkdirSync(dirname(path));
    make(path);
    const before = readdirSync(dirname(path));
    await expect(install("cursor")).rejects.toMatchObject({ code: "invalid_config", message: expect.stringMatching(words) });
    expect(readdirSync(dirname(path))).toEqual(before);
  });

  test.each([
    [["zedd"], {}, /Did you mean zed\?/],
    [["zed"], { scope: "global" }, /user or project/],
    [["zed"], { name: "a b" }, /letters, digits/],
  ])("%j %j is wrong use", async (positionals, options, words) => {
    await expect(putIn({ positionals, options }, configured(), IDENTITY, terminal)).rejects.toMatchObject({
      code: "invalid_input",
      message: expect.stringMatching(words),
    });
  });

  test("without a client lists them, and where this server is entered", async () => {
    await install("zed");
    mkdirSync(file(".cursor"));
    writeFileSync(file(".cursor", "mcp.json"), "{");
    out = "";
    await listClients(configured(), IDENTITY, terminal);
    expect(out).toMatch(/zed +user +entered +~\/\.config\/zed\/settings\.json/);
    expect(out).toMatch(/cursor +user +unreadable/);
    expect(out).toMatch(/codex +user +no file/);
  });
});

test.each([
  [{ command: "npx", args: ["-y", "@platform-ops/terraform-mcp"] }, true],
  [{ command: "/usr/local/bin/terraform-mcp" }, true],
  [{ command: "node", args: ["/elsewhere/servers/terraform/dist/bin.js"] }, true],
  [{ command: "npx", args: ["-y", "@platform-ops/terraform-mcp-fork"] }, false],
  [{ command: "docker", args: ["terraform-mcp-server"] }, false],
  [{ url: "https://example.com/mcp" }, false],
])("%j is ours: %s", (entry, expected) => {
  expect(startsServer(entry, IDENTITY, configured())).toBe(expected);
});
