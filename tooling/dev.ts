// `pnpm --silent --filter @platform-ops/terraform-mcp dev`: a server from source, for a client on stdio, restarted when a
// source changes while the client stays connected. (`tsx watch` cannot: it takes stdin for its own keys and writes to stdout.)
import { existsSync, readdirSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { relay } from "./dev/relay.ts";

const ROOT = dirname(dirname(fileURLToPath(import.meta.url)));
const [server = "", ...args] = process.argv.slice(2);
const entry = join(ROOT, "servers", server, "src/bin.ts");

if (server === "" || !existsSync(entry)) {
  process.stderr.write(`usage: dev.ts SERVER [ARGUMENT…]\nservers: ${readdirSync(join(ROOT, "servers")).join(", ")}\n`);
  process.exit(2);
}

const loader = pathToFileURL(createRequire(import.meta.url).resolve("tsx")).href;
const code = await relay({
  command: [process.execPath, "--conditions=platform-ops-source", "--import", loader, entry, ...args],
  // pnpm starts this in the package's folder and keeps the caller's in INIT_CWD.
  cwd: process.env["INIT_CWD"] ?? process.cwd(),
  watch: [join(ROOT, "servers", server, "src"), ...readdirSync(join(ROOT, "packages")).map((name) => join(ROOT, "packages", name, "src"))],
  input: process.stdin,
  output: process.stdout,
  log: (line) => void process.stderr.write(`[dev] ${line}\n`),
  signals: process,
});
process.exit(code);
