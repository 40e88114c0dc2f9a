import { cp, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { run } from "../setup/program.mjs";
import { bundleManifest, type BundledOpening } from "./bundle-manifest.ts";
import { binName, type PackageFacts } from "./launch.ts";
import { distTag, publishedManifest, publishedServers } from "./packages.mjs";
import { orMissing, packFolder, releaseFile, type PackedPackage, type ReleaseFile } from "./tarball.ts";

/** A server as it is published. */
export interface PackedServer extends PackedPackage {
  readonly server: string;
  readonly bin: string;
  readonly bundle?: ReleaseFile;
}

/**
 * Packs a server that was built into `out`: the tarball that npm publishes. It is packed in a copy with the manifest that users
 * get, so that nothing in the tree changes while others work in it.
 */
export async function packServer(root: string, server: string, out: string): Promise<PackedServer> {
  const found = publishedServers(root).find((one) => one.server === server);
  if (found === undefined) throw new Error(`there is no published package in servers/${server}`);
  const manifest = publishedManifest(found.manifest) as PackageFacts & { files: readonly string[] };
  const stage = await mkdtemp(join(tmpdir(), "platform-ops-pack-"));
  try {
    for (const name of ["LICENSE", ...manifest.files.filter((file) => !file.startsWith("!"))])
      await cp(join(found.folder, name), join(stage, name), { recursive: true }).catch(orMissing(name));
    const { name, version } = manifest;
    return { server, name, version, tag: distTag(version), bin: binName(manifest), tarball: await packFolder(stage, manifest, out) };
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
