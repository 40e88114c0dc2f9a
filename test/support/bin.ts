import { spawn, type ChildProcess } from "node:child_process";
import { childEnv, TERRAFORM_BIN } from "./mcp-client.ts";

export interface BinRun {
  readonly process: ChildProcess;
  /** What it has said on both streams so far. */
  said(): string;
  readonly ended: Promise<{ code: number | null; stdout: string; stderr: string }>;
}

/** Starts a subcommand of a built bin (terraform's unless said), as a person at a shell does; its exit code is part of the answer. */
export function startBin(args: readonly string[], options: { cwd: string; env: Readonly<Record<string, string>>; bin?: string }): BinRun {
  const child = spawn(process.execPath, [options.bin ?? TERRAFORM_BIN, ...args], {
    cwd: options.cwd,
    env: { ...childEnv(), ...options.env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const said = { stdout: "", stderr: "" };
  child.stdout.on("data", (chunk: Buffer) => (said.stdout += chunk.toString()));
  child.stderr.on("data", (chunk: Buffer) => (said.stderr += chunk.toString()));
  const ended = new Promise<{ code: number | null; stdout: string; stderr: string }>((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (code) => resolve({ code, ...said }));
  });
  return { process: child, said: () => said.stdout + said.stderr, ended };
}
