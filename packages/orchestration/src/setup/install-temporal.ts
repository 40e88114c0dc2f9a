import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { closeSync, fsyncSync, mkdirSync, mkdtempSync, openSync, renameSync, rmSync, writeSync } from "node:fs";
import { dirname, join } from "node:path";
import { gunzipSync } from "node:zlib";
import { OpsError, isOpsError } from "@platform-ops/errors";
import { PINNED_CLI, PINNED_SERVER, serverVersionOf } from "../local/server-version.ts";
import { cachedTemporal } from "./locate-temporal.ts";
import { fileInTar } from "./tar-file.ts";
import { checksumIn, releaseArchive, type ReleaseArchive } from "./temporal-release.ts";

export interface InstallTemporalOptions {
  readonly cache: string;
  readonly onProgress: (line: string) => void;
  /** False: do not try to download. */
  readonly download?: boolean | undefined;
  /** The Go command; `go` on the search path by default. */
  readonly goPath?: string | undefined;
  /** Environment of the Go command (it wants HOME, PATH, its proxy settings); this process's own by default. */
  readonly env?: Readonly<Record<string, string>> | undefined;
  readonly platform?: NodeJS.Platform | undefined;
  readonly arch?: string | undefined;
  /** In place of the pinned release's archive. */
  readonly release?: ReleaseArchive | undefined;
}

/** Without an answer in this time there is no network to the release, and building is tried. */
const CONNECT_MS = 4_500;
const DOWNLOAD_MS = 600_000;
const MODULE = `github.com/temporalio/cli/cmd/temporal@v${PINNED_CLI}`;

/**
 * Brings the pinned Temporal CLI into the cache and returns its path: the release's archive with its checksum verified,
 * else built by a Go toolchain (about three minutes). Made beside its place and renamed into it, so that a reader sees
 * all of it or nothing, and two that install at once do no harm.
 * @throws OpsError setup_needed, where neither way is open; unsupported_platform
 */
export async function installTemporal(options: InstallTemporalOptions): Promise<string> {
  const target = cachedTemporal(options.cache);
  mkdirSync(dirname(target), { recursive: true });
  const work = mkdtempSync(join(dirname(target), ".making-"));
  try {
    const made = join(work, "temporal");
    const reason = options.download === false ? "downloading is off" : await tryDownload(options, made);
    if (reason !== undefined) await build(options, work, reason);
    const version = await serverVersionOf(made);
    if (version !== PINNED_SERVER)
      throw new OpsError("setup_needed", `What was installed is not Temporal server ${PINNED_SERVER} (${version ?? "it does not run"}).`, {
        hint: "Install the Temporal CLI by hand and name it in temporal.binary.",
      });
    renameSync(made, target);
    return target;
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

/** Undefined when it is there; else why not. A wrong checksum is never passed over. */
async function tryDownload(options: InstallTemporalOptions, file: string): Promise<string | undefined> {
  const archive = options.release ?? releaseArchive(options.platform ?? process.platform, options.arch ?? process.arch);
  try {
    options.onProgress(`downloading ${archive.name}`);
    const response = await open(archive.url);
    const expected = archive.sha256 ?? checksumIn(await (await open(archive.checksumsUrl)).text(), archive.name);
    const bytes = Buffer.from(await response.arrayBuffer());
    const actual = createHash("sha256").update(bytes).digest("hex");
    if (expected === undefined || actual !== expected) {
      throw new OpsError(
        "setup_needed",
        `${archive.name} is not what was published: its SHA-256 is ${actual}, not ${expected ?? "in checksums.txt"}.`,
        { hint: "Look at what stands between this machine and github.com, or name a binary of your own in temporal.binary." },
      );
    }
    const program = fileInTar(gunzipSync(bytes), "temporal");
    if (program === undefined) throw new OpsError("setup_needed", `${archive.name} does not hold the program.`);
    writeProgram(file, program);
    return undefined;
  } catch (error) {
    if (isOpsError(error)) throw error;
    return "the release cannot be downloaded from here";
  }
}

/** Rejects where no answer comes in time, or another one than 200. */
async function open(url: string): Promise<Response> {
  const abort = new AbortController();
  let timer = setTimeout(() => abort.abort(), CONNECT_MS);
  try {
    const response = await fetch(url, { signal: abort.signal, redirect: "follow" });
    if (!response.ok) throw new Error(`HTTP ${response.status}`);
    clearTimeout(timer);
    timer = setTimeout(() => abort.abort(), DOWNLOAD_MS).unref();
    return response;
  } catch (error) {
    clearTimeout(timer);
    throw error;
  }
}

function writeProgram(file: string, bytes: Buffer): void {
  const fd = openSync(file, "wx", 0o755);
  try {
    for (let at = 0; at < bytes.length;) at += writeSync(fd, bytes, at);
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}

/** 1.5.1 is the last release that `go install` can build: later ones replace a module by a local folder. */
async function build(options: InstallTemporalOptions, bin: string, reason: string): Promise<void> {
  const go = options.goPath ?? "go";
  options.onProgress(`${reason}; building with ${go}, which takes a few minutes the first time`);
  const ended = await run(go, ["install", "-v", "-trimpath", "-ldflags", "-s -w", MODULE], options, bin);
  if (ended === 0) return;
  const why = ended === undefined ? "there is no Go toolchain to build it" : `\`go install\` ended with ${ended}`;
  throw new OpsError("setup_needed", `Temporal cannot be installed: ${reason}, and ${why}.`, {
    hint: `Install Go 1.25 or newer, or the Temporal CLI ${PINNED_CLI} (brew install temporal, or its release on GitHub) and name it in temporal.binary.`,
  });
}

/** Exit code; undefined where the program is not there. */
function run(program: string, args: string[], options: InstallTemporalOptions, bin: string): Promise<number | undefined> {
  return new Promise((resolve) => {
    // `env` of coreutils sets one variable over whatever environment this process has
    const setting = `GOBIN=${bin}`;
    const base = options.env === undefined ? {} : { env: { ...options.env } };
    const child = spawn("/usr/bin/env", [setting, program, ...args], { ...base, stdio: ["ignore", "ignore", "pipe"] });
    let packages = 0;
    let rest = "";
    child.stderr.setEncoding("utf8").on("data", (chunk: string) => {
      const lines = (rest + chunk).split("\n");
      rest = lines.pop() ?? "";
      for (const line of lines) {
        if (line.startsWith("go: downloading ")) options.onProgress(line.slice(4));
        else if (++packages % 50 === 0) options.onProgress(`built ${packages} packages`);
      }
    });
    child.once("error", () => resolve(undefined));
    child.once("close", (code) => resolve(code === 127 ? undefined : (code ?? 1)));
  });
}
