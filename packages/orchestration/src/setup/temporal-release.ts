import { OpsError } from "@platform-ops/errors";
import { PINNED_CLI } from "../local/server-version.ts";

const BASE = `https://github.com/temporalio/cli/releases/download/v${PINNED_CLI}`;

/** One archive of the pinned release. */
export interface ReleaseArchive {
  readonly url: string;
  readonly name: string;
  /** Undefined: to be read from the release's own checksums.txt. */
  readonly sha256: string | undefined;
  readonly checksumsUrl: string;
}

/**
 * SHA-256 of the pinned release's archives, as the packagers who build on it have them pinned. One that is not here is
 * checked against `checksums.txt`, which the same release publishes: over HTTPS that proves that the archive is whole
 * and comes from the release, not that the release was never replaced.
 */
const SHA256: Readonly<Record<string, string>> = {
  "temporal_cli_1.5.1_linux_amd64.tar.gz": "ddc95e08b0b076efd4ea9733a3f488eb7d2be875f8834e616cd2a37358b4852d",
  "temporal_cli_1.5.1_darwin_arm64.tar.gz": "cca01b7ea35ad56e2a328d9ae596bf716bd22313ef63c7a761c88354457c2415",
  "temporal_cli_1.5.1_darwin_amd64.tar.gz": "bbb73e2a31135abe50a1f1cdb35030c42961df618e8ce9c60ae89f201540c5d9",
};

/**
 * The archive for a machine.
 * @throws OpsError unsupported_platform
 */
export function releaseArchive(platform: NodeJS.Platform, arch: string): ReleaseArchive {
  const cpu = { x64: "amd64", arm64: "arm64" }[arch];
  if ((platform !== "linux" && platform !== "darwin") || cpu === undefined)
    throw new OpsError("unsupported_platform", `There is no Temporal server program for ${platform} on ${arch}.`);
  const name = `temporal_cli_${PINNED_CLI}_${platform}_${cpu}.tar.gz`;
  return { name, url: `${BASE}/${name}`, sha256: SHA256[name], checksumsUrl: `${BASE}/checksums.txt` };
}

/** The checksum of one file in the text of a checksums.txt: lines of `<sha256>  <file>`. */
export function checksumIn(text: string, name: string): string | undefined {
  for (const line of text.split("\n")) {
    const match = /^([0-9a-f]{64}) [ *](\S+)$/.exec(line.trim());
    if (match?.[2] === name) return match[1];
  }
  return undefined;
}
