import { join } from "node:path";
import { writeIndex } from "./library/library-index.ts";

/** Adds to the folders that the package carries what is made of them. Called by the build, with the folder that becomes `dist`. */
export async function addContents(dist: string): Promise<void> {
  await writeIndex(join(dist, "meta-workflows"));
}
