import { execFile, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { cacheFolder } from "../../tooling/setup/cache.mjs";
import { childEnv, REPOSITORY } from "./mcp-client.ts";

const SCRIPTS = join(REPOSITORY, "test/contract/python");

/** A Python of this machine; undefined where there is none. */
export const PYTHON: string | undefined = ["python3", "python"].find(
  (name) => spawnSync(name, ["-c", ""], { stdio: "ignore" }).status === 0,
);

/** A Python with the MCP clients, which tooling/setup/python-clients.sh installs; undefined where that was not run. */
export function pythonWithClients(): string | undefined {
  const requirements = readFileSync(join(SCRIPTS, "requirements.txt"));
  const name = `python-${createHash("sha256").update(requirements).digest("hex").slice(0, 12)}`;
  const python = join(cacheFolder(), name, "bin/python");
  return existsSync(python) ? python : undefined;
}

/** Runs a script of test/contract/python; resolves to the JSON that it prints. */
export async function runPython(
  python: string,
  script: string,
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<any> {
  const options = { env: { ...childEnv(), ...env }, timeout: 50_000, maxBuffer: 10_000_000 };
  const { stdout } = await promisify(execFile)(python, [join(SCRIPTS, script), ...args], options);
  return JSON.parse(stdout);
}
