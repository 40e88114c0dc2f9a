// `pnpm catalog` writes what is generated: tables between markers in README.md, servers/*/README.md and docs/**/*.md, the
// listing of every server's tools, and the configuration's JSON Schema. `--check` writes nothing and fails on a difference.
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { generate } from "./catalog/content.ts";
import { fillMarkers } from "./catalog/markers.ts";

const ROOT = dirname(dirname(fileURLToPath(import.meta.url)));
const onlyCheck = process.argv.includes("--check");

const read = (path: string): string | undefined => (existsSync(join(ROOT, path)) ? readFileSync(join(ROOT, path), "utf8") : undefined);

/** The pages that may hold generated parts. */
function pages(): string[] {
  const servers = readdirSync(join(ROOT, "servers")).map((server) => `servers/${server}/README.md`);
  const docs = readdirSync(join(ROOT, "docs"), { recursive: true, encoding: "utf8" }).filter((name) => name.endsWith(".md"));
  return ["README.md", "CONTRIBUTING.md", ...servers, ...docs.map((name) => `docs/${name}`)].filter((path) => existsSync(join(ROOT, path)));
}

const { parts, files } = await generate(ROOT);
const wanted = new Map(files);
for (const page of pages()) wanted.set(page, fillMarkers(read(page) ?? "", parts));

const stale = [...wanted].filter(([path, text]) => read(path) !== text);
for (const [path, text] of stale) {
  process.stdout.write(`${onlyCheck ? "out of date" : "written"}: ${path}\n`);
  if (onlyCheck) continue;
  mkdirSync(dirname(join(ROOT, path)), { recursive: true });
  writeFileSync(join(ROOT, path), text);
}
if (onlyCheck && stale.length > 0) {
  process.stdout.write("Run: pnpm catalog\n");
  process.exitCode = 1;
}
