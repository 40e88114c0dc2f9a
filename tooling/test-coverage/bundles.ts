import { convert, type Options } from "ast-v8-to-istanbul";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { parseSync } from "oxc-parser";
import { inlineMapOf } from "../build/source-map.ts";
import { addCounts, type CountedFile, type CountedFiles } from "./counted-files.ts";
import { asCoverage, readReports, type Counts } from "./reports.ts";

type SourceMap = NonNullable<Options["sourceMap"]>;

interface Bundle {
  readonly code: string;
  readonly sourceMap: SourceMap;
  /** The path to which the map's sources are relative. */
  readonly path: string;
}

/**
 * Adds to `files` what ran in processes that the tests started: servers, workers with their workflows, supervisors. `maps` holds a
 * folder per server with its bundles and their source maps, as `tooling/build.ts --countable` makes them; `reports` what V8 wrote.
 * Returns how many bundles ran.
 */
export async function addBundles(files: CountedFiles, root: string, maps: string, reports: string): Promise<number> {
  const bundles = new Map<string, Bundle>();
  for (const server of await readdir(maps))
    for (const name of (await readdir(join(maps, server))).filter((file) => !file.endsWith(".map")))
      bundles.set(`${server}/${name}`, await readBundle(root, join(maps, server), server, name));
  const counts = await readReports(reports, new Map([...bundles].map(([name, { code }]) => [name, code.length])));
  for (const [name, bundle] of bundles) {
    const counted = counts.get(name);
    if (counted !== undefined) addCounts(files, await countsOfSources(bundle, counted));
  }
  return counts.size;
}

/** Bundles are ASCII, so that bytes are characters. The map of a workflow's bundle stands in it, relative to the repository. */
async function readBundle(root: string, folder: string, server: string, name: string): Promise<Bundle> {
  const code = await readFile(join(folder, name), "latin1");
  const inline = inlineMapOf(code);
  const text = inline ?? (await readFile(join(folder, `${name}.map`), "utf8"));
  return { code, sourceMap: JSON.parse(text) as SourceMap, path: join(root, inline === undefined ? `servers/${server}/dist` : "", name) };
}

/** What a bundle counted, by the sources of which it was made. */
async function countsOfSources({ code, sourceMap, path }: Bundle, counts: Counts): Promise<CountedFiles> {
  const { program } = parseSync(path, code, { sourceType: "script" });
  const coverage = { url: pathToFileURL(path).href, functions: asCoverage(counts) };
  return (await convert({ code, sourceMap, coverage, ast: program as never })) as Record<string, CountedFile>;
}
