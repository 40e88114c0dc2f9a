import { execFile } from "node:child_process";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { childEnv } from "../support/mcp-client.ts";
import type { PublishedBin } from "../support/published-bins.ts";

const packageFolder = dirname(createRequire(import.meta.url).resolve("@modelcontextprotocol/inspector-cli/package.json"));

/** What the inspector ended with. */
export interface Inspected {
  readonly code: number;
  /** What it printed: JSON of the answer. */
  readonly answer: any;
  readonly stderr: string;
}

/** One request to a built server by the inspector's command line, as a person at a terminal makes it. */
export function inspect(
  { bin }: Pick<PublishedBin, "bin">,
  home: string,
  serverArgs: readonly string[],
  args: readonly string[],
): Promise<Inspected> {
  const command = [join(packageFolder, "build/index.js"), process.execPath, bin, ...args, "--", ...serverArgs];
  // Its own package is looked for from the folder in which it runs.
  const options = { cwd: join(packageFolder, "build"), env: { ...childEnv(), PLATFORM_OPS_HOME: home }, timeout: 30_000 };
  return new Promise((resolve) => {
    execFile(process.execPath, command, options, (error, stdout, stderr) => {
      const code = error === null ? 0 : Number(error.code ?? 1);
      resolve({ code, answer: stdout.trim() === "" ? undefined : JSON.parse(stdout), stderr });
    });
  });
}
