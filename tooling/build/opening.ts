import { spawn } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

const INITIALIZE = { protocolVersion: "2025-11-25", capabilities: {}, clientInfo: { name: "build", version: "1" } };

/** What a server that nothing configures answers to a client's opening. */
interface Opening {
  name: string;
  title?: string;
  version: string;
  instructions: string;
  tools: unknown[];
  capabilities: Record<string, object>;
}

/**
 * Asks the bin just built for its opening and keeps the answers beside it as opening.json, with the toolset of each tool, which
 * the answers do not tell: from then on the server answers by them before it is loaded.
 */
export async function recordOpening(out: string, tools: readonly { readonly name: string; readonly toolset: string }[]): Promise<void> {
  const home = await mkdtemp(join(tmpdir(), "platform-ops-opening-"));
  try {
    const answers = await openingOf(join(out, "bin.js"), home);
    const toolsets = Object.fromEntries(tools.map(({ name, toolset }) => [name, toolset]));
    await writeFile(join(out, "opening.json"), JSON.stringify({ ...answers, toolsets }));
  } finally {
    await rm(home, { recursive: true, force: true });
    // Made by this start; the user's own first start makes one that fits the user's Node.
    await rm(join(out, "cache"), { recursive: true, force: true });
  }
}

/** The opening of a server that is started in an empty home. `env` adds variables. */
export async function openingOf(bin: string, home: string, env: Readonly<Record<string, string>> = {}): Promise<Opening> {
  const lines = await answersOf(bin, home, env, [
    { jsonrpc: "2.0", id: 1, method: "initialize", params: INITIALIZE },
    { jsonrpc: "2.0", method: "notifications/initialized" },
    { jsonrpc: "2.0", id: 2, method: "tools/list" },
  ]);
  const [hello, list] = lines.map((line) => (JSON.parse(line) as { result: Record<string, unknown> }).result);
  if (hello === undefined || list === undefined) throw new Error(`${bin} did not answer the opening`);
  const {
    instructions = "",
    serverInfo,
    capabilities,
  } = hello as Pick<Opening, "capabilities"> & {
    instructions?: string;
    serverInfo: Omit<Opening, "instructions" | "tools" | "capabilities">;
  };
  return { ...serverInfo, instructions, capabilities, tools: list["tools"] as unknown[] };
}

async function answersOf(bin: string, home: string, env: Readonly<Record<string, string>>, messages: readonly object[]): Promise<string[]> {
  const child = spawn(process.execPath, [bin], {
    cwd: home,
    env: { PATH: process.env["PATH"] ?? "", HOME: home, ...env },
    stdio: ["pipe", "pipe", "inherit"],
  });
  child.stdin.end(messages.map((message) => `${JSON.stringify(message)}\n`).join(""));
  let out = "";
  for await (const chunk of child.stdout.setEncoding("utf8")) out += chunk as string;
  return out.split("\n").filter((line) => line !== "");
}
