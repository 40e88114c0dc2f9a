import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { delimiter, join } from "node:path";

const found = (process.env["PATH"] ?? "")
  .split(delimiter)
  .map((folder) => join(folder, "kubectl"))
  .find((path) => existsSync(path));

/** The kubectl to test with: the one on PATH, where `npm test` puts the one that it built. */
export const KUBECTL: string = found ?? "kubectl";

/** Why tests with a kubectl cannot run here; undefined where they can. */
export const KUBECTL_MISSING: string | undefined =
  found !== undefined && spawnSync(found, ["version", "--client"]).status === 0
    ? undefined
    : "needs kubectl (npm run setup -- --kubectl builds one where Go is)";
