import { cp, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { compileLibraries } from "./compile-libraries.ts";
import { libraryManifest, publishedVersions, type LibraryManifest } from "./library-manifest.ts";
import { distTag, publishedLibraries } from "./packages.mjs";
import { orMissing, packFolder, type PackedPackage } from "./tarball.ts";

/** What the servers share, as it is published. */
export interface PackedLibrary extends PackedPackage {
  readonly library: string;
}

/** What is depended on without being imported, and why. */
const NOT_IMPORTED: Readonly<Record<string, string>> = {
  protobufjs: "npm then hoists the one version that Temporal's packages must share",
};

/** Compiles and packs what the servers share into `out`, each package after those that it depends on. */
export async function packLibraries(root: string, out: string): Promise<PackedLibrary[]> {
  const work = await mkdtemp(join(tmpdir(), "platform-ops-libraries-"));
  try {
    const imported = await compileLibraries(root, work);
    const packed: PackedLibrary[] = [];
    for (const { library, folder, manifest: own } of publishedLibraries(root)) {
      const manifest = libraryManifest(own, publishedVersions(root, own.version));
      const faults = dependencyFaults(manifest, imported.get(library) ?? new Set());
      if (faults.length > 0) throw new Error(faults.join("\n"));
      const stage = join(work, library);
      for (const name of manifest.files.filter((file) => file !== "dist"))
        await cp(join(folder, name), join(stage, name)).catch(orMissing(name));
      await cp(join(root, "LICENSE"), join(stage, "LICENSE"));
      const { name, version } = manifest;
      packed.push({ library, name, version, tag: distTag(version), tarball: await packFolder(stage, manifest, out) });
    }
    return packed;
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

/** Where a manifest does not name exactly the packages that its files import. */
export function dependencyFaults(
  { name, dependencies = {}, peerDependencies = {} }: Pick<LibraryManifest, "name" | "dependencies" | "peerDependencies">,
  imported: ReadonlySet<string>,
): string[] {
  const said = new Set([...Object.keys(dependencies), ...Object.keys(peerDependencies)]);
  const missing = [...imported].filter((one) => one !== "" && one !== name && !said.has(one));
  const idle = [...said].filter((one) => !imported.has(one) && NOT_IMPORTED[one] === undefined);
  return [
    ...missing.map((one) => `${name} imports ${one} and does not depend on it`),
    ...idle.map((one) => `${name} depends on ${one} and does not import it`),
  ];
}
