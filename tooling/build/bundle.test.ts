import { execFileSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, realpathSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { addStarter, bundleServer } from "./bundle.ts";
import { wrapTopLevelAwait } from "./chunks.ts";
import { findLeaks } from "./leaks.ts";
import { sourceHash } from "./source-hash.ts";

// A repository in small: one server that starts with a lazy entry of a package.
let root: string;
let out: string;

beforeEach(() => {
  root = realpathSync(mkdtempSync(join(tmpdir(), "bundle-test-")));
  out = join(root, "out");
  write(
    "packages/orchestration/package.json",
    '{ "name": "@platform-ops/orchestration", "type": "module", "exports": { "./client": { "platform-ops-source": "./src/client.ts" } } }',
  );
  write(
    "packages/orchestration/src/client.ts",
    'globalThis.loaded = true;\nexport const connect = () => "connected from " + import.meta.filename.split("/").at(-1);\n',
  );
  write(
    "servers/demo/src/bin.ts",
    '#!/usr/bin/env node\nimport { main } from "./main.ts";\n\nconst code: number = await main(process.argv.slice(2));\nprocess.exitCode = code;\n',
  );
  write(
    "servers/demo/src/main.ts",
    'export async function main(argv: string[]): Promise<number> {\n  if (argv[0] !== "connect") { console.log("light", "loaded" in globalThis); return 0; }\n  const { connect } = await import("@platform-ops/orchestration/client");\n  console.log(connect());\n  return 7;\n}\n',
  );
  mkdirSync(join(root, "servers/demo/node_modules/@platform-ops"), { recursive: true });
  symlinkSync(join(root, "packages/orchestration"), join(root, "servers/demo/node_modules/@platform-ops/orchestration"));
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

it("makes a server that starts without node_modules and loads a lazy entry on first need", async () => {
  const made = await bundleServer(root, "demo", out);
  expect([...made.keys()].toSorted()).toEqual(["main.cjs", "orchestration-client.cjs"]);
  const elsewhere = join(root, "elsewhere");
  cpSync(out, elsewhere, { recursive: true });
  addStarter(join(import.meta.dirname, "../.."), elsewhere);
  writeFileSync(join(elsewhere, "package.json"), '{ "type": "commonjs" }');
  rmSync(join(root, "servers"), { recursive: true });
  expect(start(elsewhere)).toEqual({ code: 0, stdout: "light false\n" });
  expect(start(elsewhere, "connect")).toEqual({ code: 7, stdout: "connected from orchestration-client.cjs\n" });
});

it("keeps V8's code cache beside the bundle, and starts in spite of a damaged one", async () => {
  await bundleServer(root, "demo", out);
  addStarter(join(import.meta.dirname, "../.."), out);
  writeFileSync(join(out, "package.json"), '{ "type": "commonjs" }');
  start(out);
  const [cache = ""] = readdirSync(join(out, "cache"));
  expect(cache).toMatch(/^main-server-[0-9a-f]{16}-[a-z0-9]+-[a-z0-9]+-[\w.-]+\.bin$/);
  writeFileSync(join(out, "cache", cache), "damaged");
  expect(start(out)).toEqual({ code: 0, stdout: "light false\n" });
  expect(readFileSync(join(out, "cache", cache)).length).toBeGreaterThan(100);
  // What subcommands call is not what a client waits for.
  rmSync(join(out, "cache"), { recursive: true });
  start(out, "--version");
  expect(readdirSync(join(out, "cache"))).toEqual([expect.stringMatching(/^main-command-/)]);
  start(out, "--root", "x");
  expect(readdirSync(join(out, "cache"))).toHaveLength(2);
});

it("loads a file of late functions when the first of them is called", async () => {
  write(
    "servers/demo/src/parse-yaml.ts",
    'console.log("parser");\nexport function parseYaml(text: string): string {\n  return text.trim();\n}\n',
  );
  write(
    "servers/demo/src/main.ts",
    'import { parseYaml } from "./parse-yaml.ts";\nexport async function main(argv: string[]): Promise<number> {\n  console.log("light");\n  if (argv[0] !== undefined) console.log(parseYaml(argv[0]));\n  return 0;\n}\n',
  );
  expect([...(await bundleServer(root, "demo", out)).keys()].toSorted()).toEqual(["main.cjs", "parse-yaml.cjs"]);
  addStarter(join(import.meta.dirname, "../.."), out);
  writeFileSync(join(out, "package.json"), '{ "type": "commonjs" }');
  expect(start(out).stdout).toBe("light\n");
  expect(start(out, " a ").stdout).toBe("light\nparser\na\n");
});

it("gives the same bytes wherever it is built, without a path of the machine", async () => {
  await bundleServer(root, "demo", out);
  expect(findLeaks(out, [root])).toEqual([]);
  const first = readFileSync(join(out, "main.cjs"), "utf8");
  rmSync(out, { recursive: true });
  await bundleServer(root, "demo", out);
  expect(readFileSync(join(out, "main.cjs"), "utf8")).toBe(first);
  writeFileSync(join(out, "main.cjs"), `// ${root}/src/x.ts`);
  expect(findLeaks(out, [`${root}/`])).toMatchObject([{ file: "main.cjs" }]);
});

it("hashes what can change the build: not tests, not dist, but names and contents", () => {
  const hash = (): string => sourceHash(root, ["servers/demo/src"]);
  const before = hash();
  write("servers/demo/src/main.test.ts", "");
  expect(hash()).toBe(before);
  write("servers/demo/src/more.ts", "");
  expect(hash()).not.toBe(before);
});

it("wraps only a script that awaits", () => {
  expect(wrapTopLevelAwait("const x = 1;\n")).toBe("const x = 1;\n");
  expect(wrapTopLevelAwait('import { a } from "a";\nawait a();\n')).toBe(
    'import { a } from "a";\nvoid (async () => {\nawait a();\n\n})();\n',
  );
  expect(wrapTopLevelAwait('import {\n  a,\n} from "a";\nawait a();\n')).toBe(
    'import {\n  a,\n} from "a";\nvoid (async () => {\nawait a();\n\n})();\n',
  );
});

function write(path: string, text: string): void {
  mkdirSync(dirname(join(root, path)), { recursive: true });
  writeFileSync(join(root, path), text);
}

function start(folder: string, ...args: string[]): { code: number; stdout: string } {
  try {
    return { code: 0, stdout: execFileSync(process.execPath, [join(folder, "bin.js"), ...args], { encoding: "utf8" }) };
  } catch (error) {
    const { status, stdout } = error as { status: number; stdout: string };
    return { code: status, stdout };
  }
}
