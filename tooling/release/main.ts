// `npm run release -- pack [FOLDER]`: all files of a release, in dist/release unless said. `npm run release -- version`: the next
// version and changelog of every package, from the changesets that wait, and the snapshot of what it promises. docs/operations/release.md tells the whole way.
import { execFileSync } from "node:child_process";
import { resolve } from "node:path";
import { ROOT } from "../setup.mjs";
import { packRelease } from "./pack.ts";
import { takeSnapshot } from "../stability/take-snapshot.ts";
import { nextVersion } from "./version.ts";

const [command, ...rest] = process.argv.slice(2);
const say = (line: string): void => void process.stdout.write(`${line}\n`);

try {
  if (command === "pack") {
    execFileSync(process.execPath, [...process.execArgv, resolve(ROOT, "tooling/build.ts")], { cwd: ROOT, stdio: "inherit" });
    const out = resolve(rest[0] ?? `${ROOT}/dist/release`);
    await packRelease(ROOT, out, say);
    say(`in ${out}`);
  } else if (command === "version") nextVersion(ROOT, say);
  else if (command === "snapshot") say(`the surface of ${await takeSnapshot(ROOT)} is written down`);
  else {
    process.stderr.write("usage: npm run release -- pack [FOLDER] | version | snapshot\n");
    process.exitCode = 2;
  }
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
}
