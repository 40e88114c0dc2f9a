import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { HTTP_LIMITS, type HttpSettings } from "./http.ts";
import { readSettings } from "./read-settings.ts";

let folder: string;
beforeEach(() => void (folder = realpathSync(mkdtempSync(join(tmpdir(), "http-settings-")))));
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function read(given: { argv?: string[]; env?: Record<string, string>; config?: string; system?: string }): HttpSettings {
  const path = join(folder, "config.yaml");
  mkdirSync(join(folder, "etc"), { recursive: true, mode: 0o755 });
  if (given.config !== undefined) writeFileSync(path, given.config, { mode: 0o600 });
  if (given.system !== undefined) writeFileSync(join(folder, "etc/policy.yaml"), given.system, { mode: 0o644 });
  return readSettings({
    argv: given.argv ?? [],
    env: { ...(given.config === undefined ? {} : { PLATFORM_OPS_CONFIG: path }), ...given.env },
    cwd: join(folder, "project"),
    home: folder,
    platform: "linux",
    systemPolicy: { path: join(folder, "etc/policy.yaml"), owner: process.getuid!() },
  }).settings.http;
}

it("without a word: this machine, a free port, by token", () => {
  expect(read({})).toEqual({
    port: 0,
    host: "localhost",
    authentication: "token",
    allowed_hosts: [],
    allowed_origins: [],
    limits: HTTP_LIMITS,
  });
});

it("takes the port from flag, variable and file, in this order", () => {
  const config = "http: {port: 8001}";
  expect(read({ config }).port).toBe(8001);
  expect(read({ config, env: { PLATFORM_OPS_HTTP_PORT: "8002" } }).port).toBe(8002);
  expect(read({ config, env: { PLATFORM_OPS_HTTP_PORT: "8002" }, argv: ["http", "--port", "8003"] }).port).toBe(8003);
});

it.each([
  [["--http.host", "0.0.0.0"], {}],
  [["--http-authentication=none"], {}],
  [[], { PLATFORM_OPS_HTTP_HOST: "0.0.0.0" }],
  [[], { PLATFORM_OPS_HTTP_AUTHENTICATION: "none" }],
  [[], { PLATFORM_OPS_HTTP_ALLOWED_ORIGINS: "https://evil.example.com" }],
  [["--port", "70000"], {}],
])("what else it says comes from files only: %j %j", (argv, env) => {
  expect(() => read({ argv, env })).toThrow(expect.objectContaining({ code: "settings_invalid" }));
});

it("places paths from the file that names them", () => {
  expect(read({ config: "http: {tls: {cert_path: tls/cert.pem, key_path: ~/key.pem}}" }).tls).toEqual({
    cert_path: join(folder, "tls/cert.pem"),
    key_path: join(folder, "key.pem"),
  });
});

it("of each part the system's policy speaks before the operator's file", () => {
  const config = "http: {host: 0.0.0.0, authentication: none, limits: {sessions: 5}}";
  const system = "http: {host: localhost, authentication: token}";
  expect(read({ config, system })).toMatchObject({ host: "localhost", authentication: "token", limits: { ...HTTP_LIMITS, sessions: 5 } });
});

it.each([
  "http: {host: 'http://x'}",
  "http: {host: 'x:80'}",
  "http: {allowed_origins: ['*']}",
  "http: {allowed_origins: ['https://x/path']}",
  "http: {authentication: password}",
  "http: {tls: {cert_path: a}}",
  "http: {limits: {body_bytes: 0}}",
  "http: {limits: {bodybytes: 2048}}",
])("refuses %s", (config) => expect(() => read({ config })).toThrow(expect.objectContaining({ code: "settings_invalid" })));
