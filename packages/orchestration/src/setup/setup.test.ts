import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  readlinkSync,
  realpathSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { createServer, type Server } from "node:http";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { diagnoseTemporal } from "../local/diagnose-temporal.ts";
import { parseServerVersion } from "../local/server-version.ts";
import { installTemporal, type InstallTemporalOptions } from "./install-temporal.ts";
import { cachedTemporal, locateTemporal } from "./locate-temporal.ts";
import { checksumIn, releaseArchive, type ReleaseArchive } from "./temporal-release.ts";
import { installedFrom, installWorkerBuild } from "./worker-build.ts";
import { installWorkerRuntime } from "./worker-runtime.ts";

let root: string;
let home: string;
let cache: string;
let server: Server | undefined;
beforeEach(() => {
  root = realpathSync(mkdtempSync(join(tmpdir(), "setup-")));
  home = join(root, "home");
  cache = join(root, "cache");
  mkdirSync(home);
});
afterEach(async () => {
  if (server !== undefined) await new Promise((resolve) => server?.close(resolve));
  server = undefined;
  rmSync(root, { recursive: true, force: true });
});

/** Something that answers `--version` as the CLI does. */
function program(file: string, version: string): string {
  mkdirSync(join(file, ".."), { recursive: true });
  writeFileSync(file, `#!/bin/sh\necho "temporal version 0.0.0-DEV (Server ${version}, UI 2.42.1)"\n`);
  chmodSync(file, 0o755);
  return file;
}

describe("locateTemporal", () => {
  const locate = (path = "", configured?: string) =>
    locateTemporal({ home, cache, path, ...(configured === undefined ? {} : { configured }) });

  it("takes the configured one, then ours, then one of the same minor version on the search path", async () => {
    expect(await locate("/usr/bin:relative")).toBeUndefined();
    const other = program(join(root, "other", "temporal"), "1.31.0");
    const same = program(join(root, "same", "temporal"), "1.29.7");
    const path = [join(root, "other"), join(root, "same")].join(delimiter);
    expect(await locate(path)).toEqual({ path: same, serverVersion: "1.29.7", from: "path" });
    program(cachedTemporal(cache), "1.29.1");
    expect(await locate(path)).toMatchObject({ from: "cache" });
    expect(await locate(path, other)).toEqual({ path: other, serverVersion: "1.31.0", from: "configured" });
  });

  it("refuses a configured one that is not there or is something else", async () => {
    await expect(locate("", join(root, "gone"))).rejects.toMatchObject({ code: "program_missing" });
    await expect(locate("", "/bin/ls")).rejects.toMatchObject({ code: "program_missing" });
    await expect(locate("", "/bin")).rejects.toMatchObject({ code: "program_missing" });
  });

  it("reads the server's version, not the CLI's", () => {
    expect(parseServerVersion("temporal version 1.5.1 (Server 1.29.1, UI 2.42.1)")).toBe("1.29.1");
    expect(parseServerVersion("temporal version 1.5.1")).toBeUndefined();
  });
});

describe("installTemporal", () => {
  const lines: string[] = [];
  const install = (more: Partial<InstallTemporalOptions>) =>
    installTemporal({ cache, onProgress: (line) => lines.push(line), goPath: "/nowhere/go", ...more });

  /** A release with one archive, published as the real one is. */
  async function release(archive: Buffer, sums: (sha: string) => string): Promise<ReleaseArchive> {
    const sha = createHash("sha256").update(archive).digest("hex");
    server = createServer((request, response) => {
      const text = request.url === "/a.tar.gz" ? archive : request.url === "/checksums.txt" ? sums(sha) : undefined;
      response.writeHead(text === undefined ? 404 : 200).end(text);
    });
    await new Promise<void>((resolve) => server?.listen(0, "127.0.0.1", resolve));
    const base = `http://127.0.0.1:${(server.address() as { port: number }).port}`;
    return { name: "a.tar.gz", url: `${base}/a.tar.gz`, sha256: undefined, checksumsUrl: `${base}/checksums.txt` };
  }

  function archive(version: string): Buffer {
    const folder = join(root, "archive");
    program(join(folder, "temporal"), version);
    writeFileSync(join(folder, "LICENSE"), "x".repeat(700));
    execFileSync("tar", ["-czf", join(root, "a.tar.gz"), "-C", folder, "LICENSE", "temporal"]);
    return readFileSync(join(root, "a.tar.gz"));
  }

  it("verifies what it downloads by its checksum and leaves only the program", async () => {
    const path = await install({ release: await release(archive("1.29.1"), (sha) => `${"0".repeat(64)}  b.tar.gz\n${sha}  a.tar.gz\n`) });
    expect(path).toBe(cachedTemporal(cache));
    expect(statSync(path).mode & 0o777).toBe(0o755);
    expect(readdirSync(join(path, ".."))).toEqual(["temporal"]);
    expect(await locateTemporal({ home, cache, path: "" })).toMatchObject({ from: "cache" });
  });

  it.each([
    ["another checksum", (): string => `${"0".repeat(64)}  a.tar.gz\n`],
    ["no checksum", (): string => "nothing here"],
  ])("refuses an archive with %s, and does not go on to build", async (_what, sums) => {
    const refused = install({ release: await release(archive("1.29.1"), sums), goPath: "/bin/true" });
    await expect(refused).rejects.toMatchObject({ code: "setup_needed", message: expect.stringContaining("SHA-256") as string });
    expect(existsSync(cachedTemporal(cache))).toBe(false);
  });

  it("refuses a program of another version", async () => {
    await expect(install({ release: await release(archive("1.31.0"), (sha) => `${sha}  a.tar.gz`) })).rejects.toMatchObject({
      code: "setup_needed",
      message: expect.stringContaining("1.31.0") as string,
    });
  });

  it("builds where nothing can be downloaded", async () => {
    const go = join(root, "go");
    writeFileSync(
      go,
      `#!/bin/sh\necho "go: downloading go.temporal.io/server v1.29.1" >&2\nprintf '%s ' "$@" >"${root}/asked"\nprintf '#!/bin/sh\\necho "temporal version 0.0.0-DEV (Server 1.29.1, UI 2.42.1)"\\n' >"$GOBIN/temporal"\nchmod 755 "$GOBIN/temporal"\n`,
    );
    chmodSync(go, 0o755);
    const gone: ReleaseArchive = {
      name: "a.tar.gz",
      url: "http://127.0.0.1:1/a.tar.gz",
      sha256: "0".repeat(64),
      checksumsUrl: "http://127.0.0.1:1/c",
    };
    expect(await install({ release: gone, goPath: go })).toBe(cachedTemporal(cache));
    expect(readFileSync(join(root, "asked"), "utf8")).toBe(
      "install -v -trimpath -ldflags -s -w github.com/temporalio/cli/cmd/temporal@v1.5.1 ",
    );
    expect(lines.some((line) => line.startsWith("downloading go.temporal.io"))).toBe(true);
  });

  it("says what can be done where neither way is open", async () => {
    await expect(install({ download: false })).rejects.toMatchObject({
      code: "setup_needed",
      hint: expect.stringContaining("Go 1.25") as string,
    });
    expect(readdirSync(join(cachedTemporal(cache), ".."))).toEqual([]);
  });

  it("knows the archives of each machine", () => {
    expect(releaseArchive("linux", "arm64")).toMatchObject({ name: "temporal_cli_1.5.1_linux_arm64.tar.gz", sha256: undefined });
    expect(releaseArchive("darwin", "arm64").sha256).toMatch(/^[0-9a-f]{64}$/);
    expect(() => releaseArchive("win32", "x64")).toThrow(expect.objectContaining({ code: "unsupported_platform" }));
    expect(checksumIn(`${"a".repeat(64)}  x.tar.gz`, "x.tar.gz.sig")).toBeUndefined();
  });
});

describe("worker build and runtime", () => {
  function build(hash: string): string {
    const from = join(root, `dist-${hash}`);
    mkdirSync(join(from, "runtime"), { recursive: true });
    writeFileSync(join(from, "worker.cjs"), "");
    writeFileSync(
      join(from, "build.json"),
      JSON.stringify({ server: "terraform", version: "0.1.0", built_at: "2026-01-01T00:00:00.000Z", hash }),
    );
    writeFileSync(
      join(from, "runtime", "package.json"),
      JSON.stringify({ name: "runtime", version: "1.0.0", scripts: { install: "touch ran" } }),
    );
    writeFileSync(
      join(from, "runtime", "package-lock.json"),
      JSON.stringify({ name: "runtime", version: "1.0.0", lockfileVersion: 3, packages: { "": { name: "runtime", version: "1.0.0" } } }),
    );
    return from;
  }
  /** npm with nothing to fetch: makes the folder that npm would make. */
  function npm(script = 'mkdir -p node_modules/@temporalio/worker; echo "$@" >asked'): string {
    const file = join(root, "npm");
    writeFileSync(file, `#!/bin/sh\n${script}\n`);
    chmodSync(file, 0o755);
    return file;
  }
  const runtime = (from: string, program: string, shared?: string) =>
    installWorkerRuntime({
      home,
      lockDir: join(from, "runtime"),
      npm: program,
      onProgress: () => undefined,
      ...(shared === undefined ? {} : { cache: shared }),
    });

  it("copies a build once and ties it to its runtime, whichever comes first", async () => {
    const from = build("abc");
    const first = await installWorkerBuild({ home, from });
    expect(first).toMatchObject({ dir: join(home, "workers", "terraform-0.1.0-abc"), version: "0.1.0", ready: false });
    const path = await runtime(from, npm());
    expect(readFileSync(join(path, "..", "asked"), "utf8")).toContain("ci --ignore-scripts");
    expect(await installWorkerBuild({ home, from })).toMatchObject({ ready: true });
    expect(realpathSync(join(first.dir, "node_modules"))).toBe(path);
    expect(readlinkSync(join(first.dir, "node_modules")).startsWith("..")).toBe(true);
    const all = await Promise.all(Array.from({ length: 5 }, () => installWorkerBuild({ home, from: build("def") })));
    expect(new Set(all.map(({ dir }) => dir)).size).toBe(1);
    expect(readdirSync(join(home, "workers")).sort()).toEqual(["terraform-0.1.0-abc", "terraform-0.1.0-def"]);
  });

  it("knows where a copy was made from, of several places the last that asked", async () => {
    const from = build("abc");
    const { dir } = await installWorkerBuild({ home, from });
    expect(installedFrom(dir)).toBe(from);
    expect(installedFrom(from)).toBe(from);
    const elsewhere = join(root, "elsewhere");
    cpSync(from, elsewhere, { recursive: true });
    await installWorkerBuild({ home, from: elsewhere });
    expect(installedFrom(dir)).toBe(elsewhere);
    writeFileSync(join(dir, "installed-from"), "../relative");
    expect(installedFrom(dir)).toBe(dir);
  });

  it("shares one runtime between data directories by the cache, and mends a cache that was cleaned", async () => {
    const from = build("abc");
    const path = await runtime(from, npm(), cache);
    expect(realpathSync(path).startsWith(cache)).toBe(true);
    expect(await runtime(from, "/nowhere/npm", cache)).toBe(path);
    rmSync(cache, { recursive: true });
    await runtime(from, npm(), cache);
    expect(existsSync(path)).toBe(true);
  });

  it("leaves nothing that looks whole where npm fails or is missing", async () => {
    const from = build("abc");
    await expect(runtime(from, npm("mkdir -p node_modules; echo sorry >&2; exit 4"))).rejects.toMatchObject({
      code: "setup_needed",
      hint: expect.stringContaining("sorry") as string,
    });
    await expect(runtime(from, "/nowhere/npm")).rejects.toMatchObject({ code: "setup_needed" });
    expect(readdirSync(join(home, "runtimes"))).toEqual([]);
    expect((await installWorkerBuild({ home, from })).ready).toBe(false);
  });

  it("refuses what is not a build, and a name that leads elsewhere", async () => {
    await expect(installWorkerBuild({ home, from: root })).rejects.toMatchObject({ code: "setup_needed" });
    const from = build("abc");
    writeFileSync(join(from, "build.json"), JSON.stringify({ server: "../../x", version: "0.1.0", built_at: "2026", hash: "abc" }));
    await expect(installWorkerBuild({ home, from })).rejects.toMatchObject({ code: "setup_needed" });
  });
});

describe("diagnoseTemporal", () => {
  it("names what is missing and its cure, and which Temporal is in use", async () => {
    const bare = await diagnoseTemporal({ home, cache, path: "", temporal: {} });
    expect(bare.find(({ name }) => name === "Temporal binary")).toMatchObject({
      status: "missing",
      cure: expect.stringContaining("setup") as string,
    });
    program(cachedTemporal(cache), "1.29.1");
    mkdirSync(join(home, "temporal"));
    writeFileSync(join(home, "temporal", "1.27.sqlite"), "");
    const found = await diagnoseTemporal({ home, cache, path: "", temporal: {} });
    expect(found.find(({ name }) => name === "Temporal binary")).toMatchObject({ status: "ok" });
    expect(found.find(({ name }) => name === "Temporal database")).toMatchObject({ status: "warn", found: "1.27.sqlite" });
  });
});
