import { spawn, type ChildProcess } from "node:child_process";
import { createWriteStream } from "node:fs";
import { readFile } from "node:fs/promises";
import { createServer } from "node:net";
import { basename } from "node:path";
import { createInterface } from "node:readline";

/** A program of the test cluster, ended by its own handle. */
export interface Program {
  readonly name: string;
  readonly child: ChildProcess;
  readonly logFile: string;
  stop(): Promise<void>;
}

/** Starts a program with its output in a file. It gets PATH, HOME and what `env` names, nothing else of ours. */
export function startProgram(path: string, args: readonly string[], options: { logFile: string; env?: Record<string, string> }): Program {
  const name = basename(path);
  const log = createWriteStream(options.logFile, { flags: "a", mode: 0o600 });
  const child = spawn(path, [...args], {
    env: { PATH: process.env["PATH"] ?? "", HOME: process.env["HOME"] ?? "", ...options.env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  child.stdout.pipe(log, { end: false });
  child.stderr.pipe(log, { end: false });
  // The same once more as a container runtime writes it (CRI: time, stream, F for a full line), for `kubectl logs`.
  const lines = createWriteStream(`${options.logFile}.cri`, { flags: "a", mode: 0o600 });
  createInterface({ input: child.stderr }).on("line", (line) => lines.write(`${new Date().toISOString()} stderr F ${line}\n`));
  const ended = new Promise<void>((resolve) => child.on("close", () => resolve()));
  child.on("error", (error) => log.write(`${error.message}\n`));
  return {
    name,
    child,
    logFile: options.logFile,
    async stop() {
      if (child.exitCode === null && child.signalCode === null) child.kill("SIGTERM");
      const timer = setTimeout(() => child.kill("SIGKILL"), 8_000);
      await ended;
      clearTimeout(timer);
    },
  };
}

/** Why a program that should live does not: its last lines. */
export async function lastLines(program: Program): Promise<string> {
  const text = await readFile(program.logFile, "utf8").catch(() => "");
  return `${program.name} (exit ${program.child.exitCode ?? program.child.signalCode}):\n${text.split("\n").slice(-15).join("\n")}`;
}

/** Ports of loopback that were free a moment ago. */
export async function freePorts(count: number): Promise<number[]> {
  const servers = await Promise.all(
    Array.from(
      { length: count },
      () =>
        new Promise<ReturnType<typeof createServer>>((resolve, reject) => {
          const server = createServer();
          server.on("error", reject);
          server.listen(0, "127.0.0.1", () => resolve(server));
        }),
    ),
  );
  const ports = servers.map((server) => (server.address() as { port: number }).port);
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  return ports;
}
