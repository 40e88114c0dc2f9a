// `node tooling/run.mjs FILE.ts [ARGUMENT…]`: sets up what is missing, then runs a script of this repository from its TypeScript
// source. A signal goes on to the script; its exit code is ours.
import { spawn } from "node:child_process";
import { explain, interruption, ROOT, setup, TSX } from "./setup.mjs";

const [file, ...args] = process.argv.slice(2);
const signal = interruption();
try {
  if (file === undefined) throw new Error("usage: node tooling/run.mjs FILE.ts [ARGUMENT…]");
  const env = await setup(signal);
  const child = spawn(process.execPath, [...TSX, file, ...args], { cwd: ROOT, env, stdio: "inherit" });
  // At a terminal Ctrl-C reaches the script too; waiting for its end lets it clean up.
  for (const name of ["SIGTERM", "SIGHUP"]) process.on(name, () => child.kill(name));
  process.exitCode = await new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (code, killedBy) => resolve(code ?? (killedBy === "SIGINT" ? 130 : 143)));
  });
} catch (error) {
  process.exitCode = explain(error, signal);
}
