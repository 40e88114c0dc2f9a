import { execFile } from "node:child_process";

/** The release that this product is made for: Temporal CLI 1.5.1, which carries server 1.29.1. */
export const PINNED_CLI = "1.5.1";
export const PINNED_SERVER = "1.29.1";

/**
 * The server version in a `temporal --version` line. Builds by `go install` call themselves 0.0.0-DEV, so the CLI's
 * own version says nothing: `temporal version 0.0.0-DEV (Server 1.29.1, UI 2.42.1)`.
 */
export function parseServerVersion(text: string): string | undefined {
  return /\bServer (\d+\.\d+\.\d+)/.exec(text)?.[1];
}

/** `1.29.1` → `1.29`: databases are the same within a minor version, and are never migrated between two. */
export function minorOf(version: string): string {
  return version.split(".").slice(0, 2).join(".");
}

/** Asks a binary for its server version; undefined where it is not a Temporal CLI or does not answer in 10 s. */
export function serverVersionOf(binary: string): Promise<string | undefined> {
  return new Promise((resolve) => {
    execFile(binary, ["--version"], { timeout: 10_000, env: {}, maxBuffer: 65_536 }, (error, stdout) =>
      resolve(error === null ? parseServerVersion(stdout) : undefined),
    );
  });
}
