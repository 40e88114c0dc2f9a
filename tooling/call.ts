// `pnpm call terraform list_workflows '{"config_path":"infra.yaml"}'`: one tool call against a server run from source, as a
// client would make it. The result's JSON is on stdout; the exit code is the call's.
import { spawn } from "node:child_process";
import { existsSync, readdirSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const ROOT = dirname(dirname(fileURLToPath(import.meta.url)));
const [server = "", ...rest] = process.argv.slice(2);
const entry = join(ROOT, "servers", server, "src/bin.ts");

if (server === "" || rest.length === 0 || !existsSync(entry)) {
  process.stderr.write(`usage: pnpm call SERVER TOOL [JSON]\nservers: ${readdirSync(join(ROOT, "servers")).join(", ")}\n`);
  process.exitCode = 2;
} else {
  const tsx = createRequire(import.meta.url).resolve("tsx/cli");
  // Relative paths in the arguments are those of the caller's folder, which pnpm keeps in INIT_CWD.
  const cwd = process.env["INIT_CWD"] ?? process.cwd();
  const child = spawn(process.execPath, [tsx, "--conditions=platform-ops-source", entry, "call", ...rest], { cwd, stdio: "inherit" });
  child.on("close", (code) => (process.exitCode = code ?? 1));
}
