import { existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { OpsError } from "@platform-ops/errors";
import { PINNED_SERVER } from "../local/server-version.ts";

/**
 * The database of a server version, by minor: the development server makes its schema only where the file is missing,
 * and never migrates one. A first start that was interrupted leaves a half-made file that later starts would take for
 * whole: the marker `<file>.creating` stays until the server was healthy once, and a file beside it is made anew (nothing
 * can be in it, because nobody was told of it).
 * @throws OpsError temporal_version, where there are databases, but none of this version
 */
export function prepareDatabase(directory: string, minor: string): string {
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  const file = join(directory, `${minor}.sqlite`);
  if (existsSync(markerOf(file))) {
    for (const part of [file, `${file}-wal`, `${file}-shm`, `${file}-journal`]) rmSync(part, { force: true });
    return file;
  }
  if (existsSync(file)) return file;
  const others = readdirSync(directory).filter((name) => /^\d+\.\d+\.sqlite$/.test(name));
  if (others.length > 0) {
    throw new OpsError(
      "temporal_version",
      `The database ${others.join(", ")} in ${directory} belongs to another server version than ${minor}.`,
      {
        hint: `Use a Temporal binary of that version (the pinned one has server ${PINNED_SERVER}: run \`setup\`), or move the database away to start without its runs.`,
        details: { databases: others, wanted: `${minor}.sqlite` },
      },
    );
  }
  writeFileSync(markerOf(file), "", { mode: 0o600 });
  return file;
}

/** Says that the server of this database was healthy: from now on it holds what people rely on. */
export function databaseReady(file: string): void {
  rmSync(markerOf(file), { force: true });
}

function markerOf(file: string): string {
  return `${file}.creating`;
}
