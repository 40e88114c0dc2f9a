import { existsSync } from "node:fs";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { writeSampleHome } from "./sample-home.ts";
import { presentSurface } from "./surface.ts";

/** The surface of the last release. */
export const SNAPSHOT = "test/stability/snapshot.json";
/** Data directories as released versions wrote them, by version. */
export const SAMPLES = "test/stability/homes";

/** Writes down the present surface as that of the version that is released now, and its files, unless that version has some. */
export async function takeSnapshot(root: string): Promise<string> {
  const surface = await presentSurface(root);
  await mkdir(join(root, SAMPLES), { recursive: true });
  await writeFile(join(root, SNAPSHOT), `${JSON.stringify(surface, undefined, 2)}\n`);
  const sample = join(root, SAMPLES, surface.version);
  if (!existsSync(sample)) await writeSampleHome(sample);
  return surface.version;
}
