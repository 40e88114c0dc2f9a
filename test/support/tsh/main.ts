// The emulated tsh: bundled into one file and run under the name `tsh`.
import { appendFileSync, readFileSync, writeFileSync } from "node:fs";
import { parseCommandLine } from "./command-line.ts";
import { COMMANDS } from "./commands.ts";
import { Exit, fail, type Emulation } from "./emulation.ts";
import { proxySsh, ssh } from "./ssh.ts";
import type { EmulatedTeleport } from "./state.ts";

/** Runs one call and ends the process as tsh would. */
export async function main(stateFile: string, program: string): Promise<void> {
  const state = JSON.parse(readFileSync(stateFile, "utf8")) as EmulatedTeleport;
  const emulation: Emulation = {
    argv: process.argv.slice(2),
    env: process.env,
    state,
    program,
    save: (changed) => writeFileSync(stateFile, JSON.stringify(changed)),
    stdout: (text) => void process.stdout.write(text),
    stderr: (text) => void process.stderr.write(text),
  };
  if (state.journal !== undefined) appendFileSync(state.journal, `${JSON.stringify(emulation.argv)}\n`);
  process.stdout.on("error", () => undefined);
  try {
    const line = parseCommandLine(emulation.argv, emulation);
    const run = line.command === "ssh" ? ssh : line.command === "proxy ssh" ? proxySsh : COMMANDS[line.command];
    if (run === undefined) throw fail(`expected command but got "${line.command}"`);
    await run(emulation, line);
    process.exitCode = 0;
  } catch (error) {
    if (!(error instanceof Exit)) throw error;
    emulation.stderr(error.stderr);
    process.exitCode = error.status;
  }
  // stdin may still be open; what was written has to be gone before the end.
  process.stdin.destroy();
  await Promise.all([process.stdout, process.stderr].map((stream) => new Promise((resolve) => stream.write("", resolve))));
  process.exit();
}
