import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { budgetOf, budgetText } from "./budgets.ts";
import type { PackageFacts } from "./launch.ts";
import { packLibraries, type PackedLibrary } from "./pack-library.ts";
import { packBundle, packServer, type PackedServer } from "./pack-server.ts";
import { publishedServers, repositorySlug } from "./packages.mjs";
import { serverJson } from "./server-json.ts";

/** All that a release consists of, as `release.json` lists it: what is published is checked against these digests. */
export interface Release {
  /** `owner/name`, the only repository that may publish it. */
  readonly repository: string;
  /** In the order in which they are published: each after those that it depends on. */
  readonly libraries: readonly PackedLibrary[];
  readonly servers: readonly (PackedServer & { readonly registry: string })[];
}

/**
 * Packs all that is published into `out`: a tarball per library; per server, which was built, a tarball, an .mcpb bundle and its
 * entry for the MCP registry; and release.json.
 * @throws Error where a package is over its budget, or does not depend on what it imports
 */
export async function packRelease(root: string, out: string, say: (line: string) => void): Promise<Release> {
  await rm(out, { recursive: true, force: true });
  await mkdir(out, { recursive: true });
  const repository = await repositoryOf(root);
  const libraries = await packLibraries(root, out);
  for (const packed of libraries) say(budgetText(packed));
  const servers = [];
  for (const { server, manifest } of publishedServers(root)) {
    const packed = await packBundle(await packServer(root, server, out), out);
    say(budgetText(packed));
    const registry = `${packed.bin}.server.json`;
    const url = `https://github.com/${repository}/releases/download/${releaseTag(packed)}/${packed.bundle?.file}`;
    const entry = serverJson(server, manifest as PackageFacts, { url, sha256: packed.bundle?.sha256 ?? "" });
    await writeFile(join(out, registry), `${JSON.stringify(entry, undefined, 2)}\n`);
    servers.push({ ...packed, registry });
  }
  const over = [...libraries, ...servers].flatMap((packed) =>
    budgetOf(packed)
      .filter(({ is, may }) => is > may)
      .map(({ what }) => `${packed.name} is over its budget: ${what}`),
  );
  if (over.length > 0) throw new Error(over.join("\n"));
  const release = { repository, libraries, servers };
  await writeFile(join(out, "release.json"), `${JSON.stringify(release, undefined, 2)}\n`);
  return release;
}

/** The tag of a server's version in git, and of its release. */
export function releaseTag({ bin, version }: Pick<PackedServer, "bin" | "version">): string {
  return `${bin}@${version}`;
}

async function repositoryOf(root: string): Promise<string> {
  const { repository } = JSON.parse(await readFile(join(root, "package.json"), "utf8")) as { repository?: { url: string } };
  const slug = repositorySlug(repository);
  if (slug === undefined) throw new Error("package.json names no repository of GitHub");
  return slug;
}
