import { execFile } from "node:child_process";
import { existsSync, realpathSync } from "node:fs";
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, test } from "vitest";
import { packServer } from "../../tooling/release/pack-server.ts";
import { childEnv, REPOSITORY } from "../support/mcp-client.ts";
import { callOf, OPENING, startWire } from "../support/wire.ts";

// The server of machines as it is published: installed by npm without a registry into an empty folder, started there.

const run = promisify(execFile);
const SERVER = join(REPOSITORY, "servers/flux-teleport");

let folder: string;
const installed = (): string => join(folder, "user/node_modules/@platform-ops/flux-teleport-mcp");
const bin = (): string => join(folder, "user/node_modules/.bin/flux-teleport-mcp");

beforeAll(async () => {
  folder = realpathSync(await mkdtemp(join(tmpdir(), "platform-ops-package-")));
  const { tarball } = await packServer(REPOSITORY, "flux-teleport", folder);
  const user = join(folder, "user");
  await mkdir(user);
  await writeFile(join(user, "package.json"), '{ "private": true }\n');
  await run("npm", ["install", "--offline", "--no-audit", "--no-fund", join(folder, tarball.file)], { cwd: user, env: childEnv() });
});
afterAll(() => rm(folder, { recursive: true, force: true }));

test("there is nothing else to install", async () => {
  expect(await readdir(join(folder, "user/node_modules"))).toEqual([".bin", ".package-lock.json", "@platform-ops"]);
  const licences = await readFile(join(installed(), "dist/THIRD-PARTY-LICENCES.txt"), "utf8");
  for (const name of ["ssh2", "execa", "zod", "yaml"]) expect(licences).toMatch(new RegExp(`^${name} \\d`, "m"));
});

test("it starts, lists its tools, and runs a command on this machine; nothing is kept before a call", async () => {
  const [home, config] = [join(folder, "home"), join(folder, "config.yaml")];
  const file = {
    remote: { clusters: { here: { transport: "local" } } },
    environments: [{ name: "lab", match: { clusters: ["here"] }, remote: { preset: "open" } }],
  };
  await writeFile(config, JSON.stringify(file), { mode: 0o600 });
  const env = { PATH: `${join(process.execPath, "..")}:/usr/bin:/bin`, PLATFORM_OPS_CONFIG: config };
  const wire = startWire({ home, cwd: folder, command: [bin()], args: [], env });
  for (const message of OPENING) wire.send(message);
  wire.send({ id: 1, method: "tools/list" });
  const golden = JSON.parse(await readFile(join(SERVER, "tools.snapshot.json"), "utf8")) as unknown[];
  expect((await wire.answer(1)).result.tools).toEqual(golden);
  expect(existsSync(home)).toBe(false);
  wire.send(callOf(2, "run_remote_command", { cluster: "here", command: "echo it-ran; exit 3" }));
  const { structuredContent, isError } = (await wire.answer(2)).result;
  expect([isError, structuredContent.exit_code, structuredContent.stdout], JSON.stringify(structuredContent)).toEqual([
    true,
    3,
    "it-ran\n",
  ]);
  wire.child.stdin.end();
  expect(await wire.end()).toMatchObject({ code: 0 });
});

test("its subcommands are listed, and doctor tells what it found", async () => {
  const env = { ...childEnv(), PLATFORM_OPS_HOME: join(folder, "home") };
  const { stdout: help } = await run(bin(), ["--help"], { env });
  for (const name of ["call", "approvals", "show", "approve", "reject", "doctor", "config"])
    expect(help).toMatch(new RegExp(`^  ${name}\\b`, "m"));
  const { stdout } = await run(bin(), ["doctor", "--json"], { env });
  expect((JSON.parse(stdout) as { checks: { name: string }[] }).checks.map(({ name }) => name)).toEqual(
    expect.arrayContaining(["Node", "clusters", "approvals"]),
  );
});
