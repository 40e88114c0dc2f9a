import { createHash, type Hash } from "node:crypto";
import { createReadStream } from "node:fs";
import { lstat, readdir, readFile, readlink } from "node:fs/promises";
import { join, relative, resolve } from "node:path";
import { pipeline } from "node:stream/promises";

/** Of a folder larger than this the rest counts by size and time of change only. */
const READ_BYTES = 256 * 1024 * 1024;
const MOST_ENTRIES = 50_000;

/** What terraform itself writes, what a plan file holds a copy of, and what nothing runs. */
const LEFT_OUT =
  /^(\.terraform|\.git|\.terragrunt-cache)$|^\.terraform\.(lock\.hcl|tfstate\.lock\.info)$|^terraform\.tfstate|\.(tf|tofu|tfvars|tfstate|tfplan|log|md)$|\.(tf|tofu|tfvars)\.json$|\.tfstate\.[\w.]+$/;
const CONFIGURATION = /\.(tf|tofu)(\.json)?$/;

/**
 * Digest of the files that a plan does not hold and an apply may read or run: scripts, templates, archives in the
 * workspace's folder and in those of its modules. A folder below with a configuration of its own is another workspace's,
 * unless `modules.json` of the data directory (Terraform's own list: {Modules: [{Dir}]}) names it.
 */
export async function folderDigest(dir: string, dataDir: string): Promise<string> {
  const hash = createHash("sha256");
  const budget = { bytes: READ_BYTES, entries: MOST_ENTRIES };
  const folders = [dir, ...(await moduleFolders(dir, dataDir))];
  for (const folder of folders) await addFolder(hash, folder, { base: dir, top: folder, budget });
  return hash.digest("hex");
}

async function moduleFolders(dir: string, dataDir: string): Promise<string[]> {
  try {
    const { Modules = [] } = JSON.parse(await readFile(join(dataDir, "modules", "modules.json"), "utf8")) as {
      Modules?: { Dir?: unknown }[];
    };
    const named = Modules.flatMap(({ Dir }) => (typeof Dir === "string" ? [resolve(dir, Dir)] : []));
    return [...new Set(named)].filter((folder) => folder !== resolve(dir)).sort();
  } catch {
    return [];
  }
}

interface Walk {
  readonly base: string;
  readonly top: string;
  readonly budget: { bytes: number; entries: number };
}

async function addFolder(hash: Hash, folder: string, walk: Walk): Promise<void> {
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => []);
  if (folder !== walk.top && entries.some((entry) => CONFIGURATION.test(entry.name))) return;
  for (const entry of entries.sort((a, b) => (a.name < b.name ? -1 : 1))) {
    if (LEFT_OUT.test(entry.name) || walk.budget.entries-- <= 0) continue;
    const path = join(folder, entry.name);
    if (entry.isDirectory()) await addFolder(hash, path, walk);
    else await addFile(hash, path, walk);
  }
}

/** A file that goes away meanwhile is a change like any other. */
async function addFile(hash: Hash, path: string, { base, budget }: Walk): Promise<void> {
  const stat = await lstat(path).catch(() => undefined);
  hash.update(`${relative(base, path)}\0${stat === undefined ? "gone" : `${stat.mode} ${stat.size}`}\0`);
  if (stat?.isSymbolicLink() === true) hash.update(await readlink(path).catch(() => "gone"));
  if (stat?.isFile() !== true) return;
  budget.bytes -= stat.size;
  if (budget.bytes < 0) hash.update(String(stat.mtimeMs));
  else
    await pipeline(createReadStream(path), async (chunks) => {
      for await (const chunk of chunks) hash.update(chunk as Buffer);
    }).catch(() => hash.update("unread"));
}
