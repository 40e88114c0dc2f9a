import { createHash } from "node:crypto";
import { mkdir, readFile, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { run } from "../setup/program.mjs";

/** A file of a release. */
export interface ReleaseFile {
  /** Its name in the release's folder. */
  readonly file: string;
  /** In bytes. */
  readonly size: number;
  /** Hex. */
  readonly sha256: string;
}

/** What npm publishes. */
export interface Tarball extends ReleaseFile {
  readonly unpacked: number;
  readonly files: readonly { readonly path: string; readonly size: number }[];
}

/** A package as it is published. */
export interface PackedPackage {
  readonly name: string;
  readonly version: string;
  /** Under which it is published: `latest`, or the channel of a prerelease. */
  readonly tag: string;
  readonly tarball: Tarball;
}

/** Packs a folder that holds all of a package but its manifest, which is given, into `out`. */
export async function packFolder(stage: string, manifest: object, out: string): Promise<Tarball> {
  await writeFile(join(stage, "package.json"), `${JSON.stringify(manifest, undefined, 2)}\n`);
  await mkdir(out, { recursive: true });
  const [said] = JSON.parse(await run("npm", ["pack", "--json", "--pack-destination", out], { cwd: stage, env: plainEnv() })) as [
    { filename: string; unpackedSize: number; files: { path: string; size: number }[] },
  ];
  return {
    ...(await releaseFile(out, said.filename)),
    unpacked: said.unpackedSize,
    files: said.files.map(({ path, size }) => ({ path, size })),
  };
}

/** npm hands this repository's settings down to what it starts, among them that scripts are ignored: a release is packed without. */
export function plainEnv(): Record<string, string> {
  const kept = Object.entries(process.env).filter(([name, value]) => value !== undefined && !/^(npm_|INIT_CWD$)/.test(name));
  return Object.fromEntries(kept) as Record<string, string>;
}

/** A file of a release's folder, with its size and digest. */
export async function releaseFile(folder: string, file: string): Promise<ReleaseFile> {
  const bytes = await readFile(join(folder, file));
  return { file, size: (await stat(join(folder, file))).size, sha256: createHash("sha256").update(bytes).digest("hex") };
}

/** A changelog is there from the first release on; all else must be. */
export const orMissing =
  (name: string) =>
  (error: NodeJS.ErrnoException): void => {
    if (error.code !== "ENOENT" || name !== "CHANGELOG.md") throw error;
  };
