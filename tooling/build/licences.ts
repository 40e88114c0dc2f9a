import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Metafile } from "esbuild";

/** A package of others whose code is in our bundles, with the texts that must go where its code goes. */
export interface BundledPackage {
  readonly name: string;
  readonly version: string;
  /** SPDX expression of its manifest. */
  readonly licence: string;
  /** Its licence and notice files; empty where it ships none. */
  readonly texts: readonly string[];
}

/** The files of which something is in the output of these builds, relative to the root. */
export function filesIn(builds: Iterable<Metafile>): string[] {
  return [...builds].flatMap(({ outputs }) =>
    Object.values(outputs).flatMap(({ inputs }) =>
      Object.entries(inputs).flatMap(([path, { bytesInOutput }]) => (bytesInOutput > 0 ? [path] : [])),
    ),
  );
}

/**
 * The packages below `root` to which these files belong, by name and version.
 * @throws Error for one without a licence: its code may not be published
 */
export function packagesOf(root: string, files: Iterable<string>): BundledPackage[] {
  const folders = new Set(
    [...files].flatMap((file) => /^(?:[^|]*[\\/])?node_modules[\\/](?:@[^\\/]+[\\/])?[^@.\\/][^\\/]*(?=[\\/])/.exec(file)?.[0] ?? []),
  );
  const found = [...folders].map((folder) => readPackage(join(root, folder)));
  const unique = new Map(found.map((one) => [`${one.name}@${one.version}`, one]));
  return [...unique].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, one]) => one);
}

/** All of them as one text, each licence said once for all packages that share it word for word. */
export function licencePage(packages: readonly BundledPackage[]): string {
  const byText = new Map<string, BundledPackage[]>();
  for (const one of packages) {
    const text = one.texts.length === 0 ? `Licensed under ${one.licence}; the package ships no text of it.` : one.texts.join("\n\n");
    byText.set(text, [...(byText.get(text) ?? []), one]);
  }
  const parts = [...byText].map(
    ([text, ones]) => `${ones.map(({ name, version, licence }) => `${name} ${version} (${licence})`).join("\n")}\n\n${text.trim()}\n`,
  );
  return `The bundles in this folder hold code of these packages.\n\n${parts.join(`\n${"-".repeat(80)}\n\n`)}`;
}

function readPackage(folder: string): BundledPackage {
  const { name, version, license, licenses } = JSON.parse(readFileSync(join(folder, "package.json"), "utf8")) as {
    name: string;
    version: string;
    license?: string;
    /** How npm had it before 2015, which some packages still write. */
    licenses?: readonly { type?: unknown }[];
  };
  const old = Array.isArray(licenses) ? licenses.map(({ type }) => type).filter((type) => typeof type === "string") : [];
  const licence = license ?? (old.length > 0 ? old.join(" OR ") : undefined);
  if (typeof licence !== "string" || licence === "UNLICENSED") throw new Error(`${name} ${version} has no licence; it may not be bundled`);
  const files = readdirSync(folder)
    .filter((file) => /^(licen[cs]e|copying|notice)/i.test(file))
    .sort();
  return {
    name,
    version,
    licence,
    texts: files.map((file) => readFileSync(join(folder, file), "utf8").replaceAll("\r\n", "\n").trim()),
  };
}
