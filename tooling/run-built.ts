import { spawn } from "node:child_process";
import { childEnv } from "../test/support/mcp-client.ts";

/** Runs a built bin with its subcommand; its output goes to `print` line by line. Rejects unless it exits with 0. */
export function runBuilt(
  bin: string,
  args: readonly string[],
  env: Readonly<Record<string, string>>,
  print: (line: string) => void,
): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [bin, ...args], { env: { ...childEnv(), ...env }, stdio: ["ignore", "pipe", "pipe"] });
    let said = "";
    const take = (chunk: Buffer): void => {
      said += chunk.toString();
      for (const line of chunk.toString().split("\n")) if (line.trim() !== "") print(`  ${line}`);
    };
    child.stdout.on("data", take);
    child.stderr.on("data", take);
    child.on("error", reject);
    child.on("close", (code) => (code === 0 ? resolve() : reject(new Error(`${bin} ${args.join(" ")} ended with ${code}\n${said}`))));
  });
}
