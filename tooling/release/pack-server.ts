import { createHash } from "node:crypto";
import { cp, mkdir, mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { run } from "../setup/program.mjs";
import { bundleManifest, type BundledOpening } from "./bundle-manifest.ts";
import { binName, type PackageFacts } from "./launch.ts";
import { distTag, publishedManifest, publishedPackages } from "./packages.mjs";

/** A file of a release. */
export interface ReleaseFile {
  /** Its name in the release's folder. */
  readonly file: string;
  /** In bytes. */
  readonly size: number;
  /** Hex. */
  readonly sha256: string;
}

/** A server as it is published. */
export interface PackedServer {
  readonly server: string;
  readonly name: string;
  readonly version: string;
  readonly tag: string;
  readonly bin: string;
  readonly tarball: ReleaseFile & {
    readonly unpacked: number;
    readonly files: readonly { readonly path: string; readonly size: number }[];
  };
  readonly bundle?: ReleaseFile;
}

/**
 * Packs a server that was built into `out`: the tarball that npm publishes. It is packed in a copy with the manifest that users
 * get, so that nothing in the tree changes while others work in it.
 */
export async function packServer(root: string, server: string, out: string): Promise<PackedServer> {
  const found = publishedPackages(root).find((one) => one.server === server);
  if (found === undefined) throw new Error(`there is no published package in servers/${server}`);
  const manifest = publishedManifest(found.manifest) as PackageFacts & { files: readonly string[] };
  const stage = await mkdtemp(join(tmpdir(), "platform-ops-pack-"));
  try {
    for (const name of ["LICENSE", ...manifest.files.filter((file) => !file.startsWith("!"))])
      await cp(join(found.folder, name), join(stage, name), { recursive: true }).catch(orMissing(name));
    await writeFile(join(stage, "package.json"), `${JSON.stringify(manifest, undefined, 2)}\n`);
    await mkdir(out, { recursive: true });
    const [said] = JSON.parse(await run("npm", ["pack", "--json", "--pack-destination", out], { cwd: stage, env: plainEnv() })) as [
      { filename: string; unpackedSize: number; files: { path: string; size: number }[] },
    ];
    return {
      server,
      name: manifest.name,
      version: manifest.version,
      tag: distTag(manifest.version),
      bin: binName(manifest),
      tarball: {
        ...(await releaseFile(out, said.filename)),
        unpacked: said.unpackedSize,
        files: said.files.map(({ path, size }) => ({ path, size })),
      },
    };
  } finally {
    await rm(stage, { recursive: true, force: true });
  }
}

/** Makes the .mcpb bundle of a packed server beside its tarball: the same files, and a manifest that its own tool has checked. */
export async function packBundle(packed: PackedServer, out: string): Promise<PackedServer> {
  const { packExtension } = await import("@anthropic-ai/mcpb");
  const stage = await mkdtemp(join(tmpdir(), "platform-ops-bundle-"));
  try {
    await run("tar", ["-xzf", join(out, packed.tarball.file), "-C", stage, "--strip-components=1"], {});
    const json = async (name: string): Promise<unknown> => JSON.parse(await readFile(join(stage, name), "utf8"));
    const manifest = bundleManifest(
      packed.server,
      (await json("package.json")) as PackageFacts,
      (await json("dist/opening.json")) as BundledOpening,
    );
    const path = join(stage, "manifest.json");
    await writeFile(path, `${JSON.stringify(manifest, undefined, 2)}\n`);
    const file = `${packed.bin}-${packed.version}.mcpb`;
    if (!(await packExtension({ extensionPath: stage, outputPath: join(out, file), silent: true })))
      throw new Error(`the bundle of ${packed.server} could not be made`);
    return { ...packed, bundle: await releaseFile(out, file) };
  } finally {
    await rm(stage, { recursive: true, force: true });
  }
}

/** npm hands this repository's settings down to what it starts, among them that scripts are ignored: a release is packed without. */
export function plainEnv(): Record<string, string> {
  const kept = Object.entries(process.env).filter(([name, value]) => value !== undefined && !/^(npm_|INIT_CWD$)/.test(name));
  return Object.fromEntries(kept) as Record<string, string>;
}

async function releaseFile(folder: string, file: string): Promise<ReleaseFile> {
  const bytes = await readFile(join(folder, file));
  return { file, size: (await stat(join(folder, file))).size, sha256: createHash("sha256").update(bytes).digest("hex") };
}

/** A changelog is there from the first release on; all else must be. */
const orMissing =
  (name: string) =>
  (error: NodeJS.ErrnoException): void => {
    if (error.code !== "ENOENT" || name !== "CHANGELOG.md") throw error;
  };
