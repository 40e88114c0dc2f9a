import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, readFileSync, realpathSync } from "node:fs";
import { mkdir, writeFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { promisify } from "node:util";
import { gzip } from "node:zlib";

const execute = promisify(execFile);
const compress = promisify(gzip);

/** A package as it lies in node_modules. */
export interface Installed {
  readonly folder: string;
  readonly manifest: {
    readonly name: string;
    readonly version: string;
    readonly dependencies?: Readonly<Record<string, string>>;
    readonly optionalDependencies?: Readonly<Record<string, string>>;
    readonly peerDependencies?: Readonly<Record<string, string>>;
    readonly peerDependenciesMeta?: Readonly<Record<string, { readonly optional?: boolean }>>;
  };
}

/**
 * The packages of those names as they are installed for the package in `folder`, and all that they need in turn. What is optional
 * and not there (other platforms' programs) is left out.
 * @throws Error for a package that is needed and not installed
 */
export function installedClosure(folder: string, names: Iterable<string>): Installed[] {
  const found = new Map<string, Installed>();
  const open = [...names].map((name) => ({ from: folder, name, needed: true }));
  for (const { from, name, needed } of open) {
    const place = placeOf(realpathSync(from), name);
    if (place === undefined && needed) throw new Error(`${name} is not installed for ${from}`);
    if (place === undefined || found.has(place)) continue;
    const manifest = JSON.parse(readFileSync(join(place, "package.json"), "utf8")) as Installed["manifest"];
    found.set(place, { folder: place, manifest });
    const { dependencies = {}, optionalDependencies = {}, peerDependencies = {}, peerDependenciesMeta = {} } = manifest;
    const wanted = { ...dependencies, ...peerDependencies, ...optionalDependencies };
    for (const each of Object.keys(wanted)) {
      const optional = each in optionalDependencies || peerDependenciesMeta[each]?.optional === true;
      open.push({ from: place, name: each, needed: !optional });
    }
  }
  return [...found.values()];
}

/** Where Node finds a package for what lies in `from`. */
function placeOf(from: string, name: string): string | undefined {
  for (let folder = from; ; folder = dirname(folder)) {
    const place = join(folder, "node_modules", name);
    if (existsSync(join(place, "package.json"))) return realpathSync(place);
    if (folder === dirname(folder)) return undefined;
  }
}

/**
 * Puts packages, as they are installed, into the storage of a verdaccio: byte by byte what their tarballs held, without asking
 * anybody. By hand, because it takes what is published in base64 within JSON, and one of these packages has 150 MB.
 */
export async function storeInstalled(storage: string, packages: readonly Installed[]): Promise<void> {
  for (const name of new Set(packages.map(({ manifest }) => manifest.name))) {
    const versions = packages.filter(({ manifest }) => manifest.name === name);
    const folder = join(storage, name);
    await mkdir(folder, { recursive: true });
    const stored = [];
    for (const one of versions) stored.push(await storeVersion(folder, one));
    const newest = versions
      .map(({ manifest }) => manifest.version)
      .sort(bySemver)
      .at(-1);
    const document = {
      _id: name,
      name,
      "dist-tags": { latest: newest },
      versions: Object.fromEntries(stored.map(({ manifest }) => [manifest.version, manifest])),
      _attachments: Object.fromEntries(stored.map(({ file, shasum }) => [file, { shasum }])),
      _distfiles: {},
      _uplinks: {},
    };
    await writeFile(join(folder, "package.json"), JSON.stringify(document));
  }
}

async function storeVersion(
  folder: string,
  { folder: from, manifest }: Installed,
): Promise<{ file: string; shasum: string; manifest: { version: string } }> {
  const file = `${basename(manifest.name)}-${manifest.version}.tgz`;
  // pnpm links files of equal content to one, which tar would say, and npm would leave out. macOS has copies instead.
  const whole = process.platform === "linux" ? ["--hard-dereference"] : [];
  // npm does not mind what the one folder in a tarball is called.
  const args = ["-cf", "-", ...whole, "--exclude", `${basename(from)}/node_modules`, "-C", dirname(from), basename(from)];
  const { stdout } = await execute("tar", args, { encoding: "buffer", maxBuffer: 400_000_000 });
  const bytes = await compress(stdout, { level: 1 });
  await writeFile(join(folder, file), bytes);
  const digest = (algorithm: string, form: "hex" | "base64"): string => createHash(algorithm).update(bytes).digest(form);
  const shasum = digest("sha1", "hex");
  const tarball = `http://127.0.0.1/${manifest.name}/-/${file}`;
  return { file, shasum, manifest: { ...manifest, dist: { tarball, shasum, integrity: `sha512-${digest("sha512", "base64")}` } } as never };
}

/** Releases by their numbers; of those with equal ones a prerelease comes first. */
function bySemver(a: string, b: string): number {
  const [left, right] = [a, b].map((version) => version.split(/[.+-]/, 3).map(Number)) as [number[], number[]];
  for (const [at, number] of left.entries()) if (number !== right[at]) return number - (right[at] ?? 0);
  return Number(!a.includes("-")) - Number(!b.includes("-"));
}
