import { unpackExtension, validateManifest } from "@anthropic-ai/mcpb";
import { execFile } from "node:child_process";
import { existsSync, readFileSync, realpathSync } from "node:fs";
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { Module } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { Script } from "node:vm";
import { publint } from "publint";
import { formatMessage } from "publint/utils";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { buildPaths, findLeaks } from "../../tooling/build/leaks.ts";
import { openingOf } from "../../tooling/build/opening.ts";
import { runningNode } from "../../tooling/rehearse/nodes.ts";
import { rehearse } from "../../tooling/rehearse/rehearsal.ts";
import { typeFaults } from "../../tooling/rehearse/type-faults.ts";
import { budgetOf, budgetText } from "../../tooling/release/budgets.ts";
import { checkServerJson } from "../../tooling/release/check-server-json.ts";
import { launchOf } from "../../tooling/release/launch.ts";
import { packRelease, type Release } from "../../tooling/release/pack.ts";
import { publishedLibraries } from "../../tooling/release/packages.mjs";
import { plainEnv } from "../../tooling/release/tarball.ts";
import { REPOSITORY } from "../support/mcp-client.ts";
import { PUBLISHED_BINS, recordedOpening } from "../support/published-bins.ts";

// All files of a release: what is in them, what others' tools say of them, and that they start. The whole rehearsal, on three
// Node versions, is `npm run rehearse`; here a sample of it.

const run = promisify(execFile);
const MANIFEST_KEYS =
  "author bin bugs description engines exports files homepage keywords license mcpName name publishConfig repository type version".split(
    " ",
  );
const OF_ALL = [
  "LICENSE",
  "README.md",
  "package.json",
  "dist/THIRD-PARTY-LICENCES.txt",
  "dist/bin.js",
  "dist/build.json",
  "dist/opening.json",
];
const OF_DURABLE = [
  "dist/runtime/package-lock.json",
  "dist/runtime/package.json",
  "dist/supervisor.cjs",
  "dist/worker.cjs",
  "dist/workflow-bundle.js",
];

let folder: string;
let release: Release;
beforeAll(async () => {
  folder = realpathSync(await mkdtemp(join(tmpdir(), "platform-ops-release-")));
  // A start leaves a code cache in dist, which is of this machine and must not be packed.
  for (const { bin } of PUBLISHED_BINS) await run(process.execPath, [bin, "--version"]);
  release = await packRelease(REPOSITORY, join(folder, "release"), () => undefined);
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const packedOf = (server: string): Release["servers"][number] => release.servers.find((one) => one.server === server)!;
const fileOf = (name: string): string => join(folder, "release", name);

describe.each(PUBLISHED_BINS)("$server", (published) => {
  const { server } = published;
  let unpacked: string;
  let manifest: Record<string, any>;
  beforeAll(async () => {
    unpacked = join(folder, "unpacked", server);
    await mkdir(unpacked, { recursive: true });
    await run("tar", ["-xzf", fileOf(packedOf(server).tarball.file), "-C", unpacked, "--strip-components=1"]);
    manifest = JSON.parse(await readFile(join(unpacked, "package.json"), "utf8")) as Record<string, any>;
  });

  test("the package holds what it needs and nothing else, within its budget", () => {
    const paths = packedOf(server).tarball.files.map(({ path }) => path);
    console.log(`${budgetText(packedOf(server))}\n${paths.join("\n")}`);
    const allowed =
      /^(package\.json|README\.md|CHANGELOG\.md|LICENSE|dist\/[\w.-]+\.(cjs|js|json)|dist\/THIRD-PARTY-LICENCES\.txt|dist\/runtime\/package(-lock)?\.json|dist\/meta-workflows\/[\w./-]+\.(md|yaml|json))$/;
    expect(paths.filter((path) => !allowed.test(path))).toEqual([]);
    expect(paths).toEqual(expect.arrayContaining([...OF_ALL, ...(launchOf(server).durable ? OF_DURABLE : [])]));
    if (!launchOf(server).durable) expect(paths).not.toContain("dist/supervisor.cjs");
    expect(budgetOf(packedOf(server)).filter(({ is, may }) => is > may)).toEqual([]);
    expect(findLeaks(unpacked, buildPaths(REPOSITORY))).toEqual([]);
  });

  test("its manifest is complete, and has nothing to install or to run", () => {
    expect(Object.keys(manifest).sort()).toEqual(MANIFEST_KEYS);
    expect(manifest).toMatchObject({
      license: "Apache-2.0",
      engines: { node: ">=20.19" },
      bin: { [packedOf(server).bin]: "dist/bin.js" },
      publishConfig: { access: "public", provenance: true },
      repository: { url: `git+https://github.com/${release.repository}.git`, directory: `servers/${server}` },
    });
    expect(JSON.stringify(manifest)).not.toMatch(/workspace:|catalog:/);
  });

  test("package, server, registry entry and bundle say the same version and the same name", async () => {
    const opening = recordedOpening(published) as ReturnType<typeof recordedOpening> & { version: string };
    const json = async (path: string): Promise<any> => JSON.parse(await readFile(path, "utf8"));
    const committed = await json(join(REPOSITORY, "servers", server, "server.json"));
    const entry = await json(fileOf(packedOf(server).registry));
    expect([opening.version, committed.version, entry.version, packedOf(server).version]).toEqual(Array(4).fill(manifest["version"]));
    expect([committed.title, entry.title]).toEqual(Array(2).fill(opening.title));
    expect(checkServerJson(entry)).toEqual([]);
    expect(entry.packages.slice(0, 1)).toEqual(committed.packages);
    expect(entry.packages[1].fileSha256).toBe(packedOf(server).bundle?.sha256);
    expect(manifest["mcpName"]).toBe(entry.name);
  });

  test("publint finds nothing to say, and attw that there are no types, as of any package of bins only", async () => {
    const { messages, pkg } = await publint({ pkgDir: unpacked, pack: false, level: "warning" });
    // It tells modules from scripts by a pattern, which texts inside a bundle can match: what compiles as a script is one.
    const isScript = (path: string): boolean => new Script(Module.wrap(readFileSync(path, "utf8"))) instanceof Script;
    const wrong = messages.filter(
      ({ code, args }) =>
        code !== "FILE_INVALID_EXPLICIT_FORMAT" || !isScript(join(unpacked, (args as { actualFilePath: string }).actualFilePath)),
    );
    expect(wrong.map((message) => formatMessage(message, pkg!, { color: false }))).toEqual([]);
    const attw = join(REPOSITORY, "node_modules/@arethetypeswrong/cli/dist/index.js");
    const { stdout } = await run(process.execPath, [attw, fileOf(packedOf(server).tarball.file), "--format", "json"], { env: plainEnv() });
    expect((JSON.parse(stdout) as { analysis: object }).analysis).toMatchObject({ packageName: manifest["name"], types: false });
  });

  test("its bundle is what its own tool accepts, and starts from where it was unpacked", async () => {
    const there = join(folder, "bundles", server);
    expect(await unpackExtension({ mcpbPath: fileOf(packedOf(server).bundle!.file), outputDir: there, silent: true })).toBe(true);
    expect(validateManifest(join(there, "manifest.json"))).toBe(true);
    const bundle = JSON.parse(await readFile(join(there, "manifest.json"), "utf8")) as any;
    const { command, args } = bundle.server.mcp_config as { command: string; args: string[] };
    expect([command, args[0]]).toEqual(["node", "${__dirname}/dist/bin.js"]);
    // Whatever a person is asked for is used, and nothing else is.
    const asked = Object.keys(bundle.user_config ?? {}).map((name) => `\${user_config.${name}}`);
    expect(args.filter((arg) => arg.includes("user_config"))).toEqual(asked);
    const home = join(folder, "bundle-home", server);
    await mkdir(home, { recursive: true });
    const { tools, title } = await openingOf(join(there, "dist/bin.js"), home);
    expect([bundle.display_name, bundle.tools.map(({ name }: { name: string }) => name)]).toEqual([
      title,
      (tools as { name: string }[]).map(({ name }) => name),
    ]);
    expect(await readdir(home)).toEqual([]);
  });
});

describe.each(publishedLibraries(REPOSITORY))("$library", ({ library, manifest: own }) => {
  const packed = (): Release["libraries"][number] => release.libraries.find((one) => one.library === library)!;
  let unpacked: string;
  let manifest: Record<string, any>;
  beforeAll(async () => {
    unpacked = join(folder, "unpacked", library);
    await mkdir(unpacked, { recursive: true });
    await run("tar", ["-xzf", fileOf(packed().tarball.file), "-C", unpacked, "--strip-components=1"]);
    manifest = JSON.parse(await readFile(join(unpacked, "package.json"), "utf8")) as Record<string, any>;
  });

  test("the package holds modules and their declarations, none of them for tests, within its budget", async () => {
    const paths = packed().tarball.files.map(({ path }) => path);
    console.log(budgetText(packed()));
    const allowed = /^(package\.json|README\.md|CHANGELOG\.md|LICENSE|dist\/[a-z][\w/-]*\.(js|d\.ts))$/;
    expect(paths.filter((path) => !allowed.test(path) || /\b(testing|fixtures?|bench)\b/.test(path))).toEqual([]);
    expect(paths).toEqual(expect.arrayContaining(["LICENSE", "README.md", "dist/index.js", "dist/index.d.ts"]));
    expect(budgetOf(packed()).filter(({ is, may }) => is > may)).toEqual([]);
    expect(findLeaks(unpacked, buildPaths(REPOSITORY))).toEqual([]);
    const code = paths.filter((path) => path.startsWith("dist/"));
    const texts = await Promise.all(code.map((path) => readFile(join(unpacked, path), "utf8")));
    expect(texts.flatMap((text) => text.match(/(?:from |import |import\()"\.[^"]*(?<!\.js)"/g) ?? [])).toEqual([]);
  });

  test("its manifest leads to what is there and to nothing that is ours alone, and names what it needs", async () => {
    const { exports, dependencies = {} } = manifest as {
      exports: Record<string, string | Record<string, string>>;
      dependencies?: Record<string, string>;
    };
    const open = Object.entries(own.exports).filter(([, target]) => typeof target === "string" || "default" in (target as object));
    expect(Object.keys(exports)).toEqual(open.map(([subpath]) => subpath));
    expect(Object.keys(exports)).not.toContain("./testing");
    const targets = Object.values(exports).flatMap((target) => (typeof target === "string" ? [target] : Object.values(target)));
    expect(targets.filter((path) => !existsSync(join(unpacked, path)))).toEqual([]);
    for (const [name, range] of Object.entries(dependencies))
      expect([name, range]).toEqual([
        name,
        name.startsWith("@platform-ops/") ? manifest["version"] : expect.stringMatching(/^\^?\d+\.\d+\.\d+$/),
      ]);
    expect(manifest).toMatchObject({
      license: "Apache-2.0",
      engines: { node: ">=20.19" },
      publishConfig: { access: "public", provenance: true },
      repository: { url: `git+https://github.com/${release.repository}.git`, directory: `packages/${library}` },
    });
    expect(JSON.stringify(manifest)).not.toMatch(/workspace:|catalog:|platform-ops-source|"scripts"|"private"|devDependencies|src\//);
    const { messages, pkg } = await publint({ pkgDir: unpacked, pack: false, level: "suggestion" });
    expect(messages.map((message) => formatMessage(message, pkg!, { color: false }))).toEqual([]);
  });
});

test("attw finds no fault in the types of what is shared; the rehearsal asks it about each package", async () => {
  const kit = release.libraries.find(({ library }) => library === "mcp-kit")!;
  expect(await typeFaults(join(folder, "release"), kit)).toEqual([]);
});

test("published to a registry of this machine, a server is started by npx from an empty cache, and a package that it shares is built upon", async () => {
  const lines: string[] = [];
  const plan = { nodes: [runningNode()], servers: ["flux-teleport"], libraries: ["mcp-kit"] };
  const { servers, libraries } = await rehearse(join(folder, "release"), plan, (line) => lines.push(line));
  console.log(lines.join("\n"));
  expect(servers.map(({ server, faults }) => ({ server, faults }))).toEqual([{ server: "flux-teleport", faults: [] }]);
  expect(libraries.map(({ library, faults }) => ({ library, faults }))).toEqual([{ library: "mcp-kit", faults: [] }]);
  // Nothing is waited for here but npm, a hundred packages long.
}, 900_000);

test("a tarball that is not the one that was packed is not published, nor a release of another repository", async () => {
  const other = join(folder, "other");
  await mkdir(other);
  const publish = (env: Record<string, string>): Promise<unknown> =>
    run(process.execPath, [join(REPOSITORY, "tooling/release/publish.mjs"), other, "--registry", "http://127.0.0.1:9/"], {
      env: { ...plainEnv(), ...env },
    });
  await writeFile(join(other, "release.json"), JSON.stringify(release));
  for (const { tarball } of [...release.libraries, ...release.servers]) await writeFile(join(other, tarball.file), "something else");
  await expect(publish({ GITHUB_REPOSITORY: "somebody/else" })).rejects.toThrow(`this release belongs to ${release.repository}`);
  await expect(publish({ GITHUB_REPOSITORY: release.repository })).rejects.toThrow("is not the file that was packed");
  expect(existsSync(join(other, "release.json"))).toBe(true);
});
