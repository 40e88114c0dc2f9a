// `node tooling/release/publish.mjs FOLDER [--registry URL] [--without-provenance]`: publishes the tarballs of a release to npm,
// each as its digest says and not twice. Plain Node: the job that may publish installs nothing and builds nothing.
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { npm, publishedIntegrity } from "./npm.mjs";

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: { registry: { type: "string" }, "without-provenance": { type: "boolean", default: false } },
});
const registry = values.registry === undefined ? [] : ["--registry", values.registry];

try {
  if (positionals.length !== 1) throw new Error("usage: publish.mjs FOLDER [--registry URL] [--without-provenance]");
  const folder = resolve(positionals[0]);
  const { repository, libraries, servers } = JSON.parse(readFileSync(join(folder, "release.json"), "utf8"));
  const here = process.env.GITHUB_REPOSITORY;
  // npm would refuse the provenance as well, but only after the first package.
  if (here !== undefined && here !== repository) throw new Error(`this release belongs to ${repository}, not to ${here}`);
  // All is looked at before anything is published, and nothing before what it depends on.
  const wanted = [...libraries, ...servers].map((one) => ({ ...one, integrity: checked(folder, one.tarball) }));
  for (const one of wanted) publish(folder, one);
} catch (error) {
  process.stderr.write(`${error.message}\n`);
  process.exitCode = 1;
}

/** The integrity of a tarball, as npm has it. Throws where it is not the file that was packed. */
function checked(folder, { file, sha256 }) {
  const bytes = readFileSync(join(folder, file));
  if (createHash("sha256").update(bytes).digest("hex") !== sha256) throw new Error(`${file} is not the file that was packed`);
  return `sha512-${createHash("sha512").update(bytes).digest("base64")}`;
}

function publish(folder, { name, version, tag, tarball, integrity }) {
  const there = publishedIntegrity(name, version, registry);
  if (there !== undefined && there !== integrity)
    throw new Error(`${name} ${version} is published with other bytes; give it a new version`);
  if (there === integrity) return say(`${name} ${version} is published already`);
  const provenance = values["without-provenance"] ? "--provenance=false" : "--provenance";
  npm("publish", join(folder, tarball.file), "--access", "public", "--tag", tag, provenance, ...registry);
  say(`${name} ${version} published as ${tag}`);
}

function say(line) {
  process.stdout.write(`${line}\n`);
}
