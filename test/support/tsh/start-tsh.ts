import { build } from "esbuild";
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, realpathSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Sshd } from "../sshd.ts";
import { recordedLab } from "./lab.ts";
import { recordedCases } from "./recorded.ts";
import type { EmulatedTeleport } from "./state.ts";

/** An emulated tsh in front of a real sshd. */
export interface EmulatedTsh {
  /** The program, named `tsh`. */
  readonly path: string;
  /** The folder that it is in, for PATH. */
  readonly bin: string;
  /** A TELEPORT_HOME. Nobody is logged in there at first. */
  readonly home: string;
  readonly folder: string;
  /** Address of the proxy, which exists in the state only. */
  readonly proxy: string;
  /** An identity file that is good for a day unless told otherwise. */
  identity(user: string, options?: { valid_until?: string }): string;
  /** Somebody logs in to the profile folder, for an hour unless told otherwise. */
  login(user: string, options?: { valid_until?: string; home?: string }): void;
  state(): EmulatedTeleport;
  /** Changes what the next calls see. */
  change(edit: (state: EmulatedTeleport) => void): void;
  /** Command lines of all calls so far, without the program. */
  calls(): string[][];
  remove(): void;
}

/** Builds the emulator into a folder of its own, with the cluster of the recording as its state. */
export async function startTsh(sshd: Pick<Sshd, "host" | "port" | "clientKey" | "user">): Promise<EmulatedTsh> {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), "tsh-")));
  const [bin, home, stateFile, journal] = ["bin", "home", "state.json", "calls.jsonl"].map((name) => join(folder, name)) as [
    string,
    string,
    string,
    string,
  ];
  mkdirSync(bin);
  mkdirSync(home, { mode: 0o700 });
  const main = join(folder, "main.cjs");
  await build({
    entryPoints: [fileURLToPath(new URL("./main.ts", import.meta.url))],
    outfile: main,
    bundle: true,
    platform: "node",
    target: "node20",
    format: "cjs",
    external: ["ssh2"],
    // ssh2 is found from here, not from the temporary folder.
    banner: { js: `var require = require("node:module").createRequire(${JSON.stringify(fileURLToPath(import.meta.url))});` },
    logLevel: "silent",
  });
  const path = join(bin, "tsh");
  writeFileSync(path, `#!${process.execPath}\nrequire(${JSON.stringify(main)}).main(${JSON.stringify(stateFile)}, __filename);\n`);
  chmodSync(path, 0o755);

  const state = (): EmulatedTeleport => JSON.parse(readFileSync(stateFile, "utf8")) as EmulatedTeleport;
  const write = (next: EmulatedTeleport): void => {
    writeFileSync(`${stateFile}.new`, JSON.stringify(next));
    renameSync(`${stateFile}.new`, stateFile);
  };
  const change = (edit: (state: EmulatedTeleport) => void): void => {
    const next = state();
    edit(next);
    write(next);
  };
  const lab = recordedLab(recordedCases());
  write({ ...lab, accounts: { root: sshd.user }, sshd: { host: sshd.host, port: sshd.port, key: sshd.clientKey }, journal });
  writeFileSync(journal, "");
  const soon = (hours: number): string => new Date(Date.now() + hours * 3_600_000).toISOString();
  return {
    path,
    bin,
    home,
    folder,
    proxy: lab.proxies[0] ?? "",
    identity(user, { valid_until = soon(24) } = {}) {
      const file = join(folder, `${user}.id`);
      writeFileSync(file, "an identity of the emulator\n", { mode: 0o600 });
      change((next) => (next.identities[file] = { user, valid_until }));
      return file;
    },
    login(user, { valid_until = soon(1), home: at = home } = {}) {
      change((next) => (next.profiles[at] = { proxy: lab.proxies[0] ?? "", user, logins: { [user]: { valid_until } } }));
    },
    state,
    change,
    calls: () =>
      readFileSync(journal, "utf8")
        .split("\n")
        .filter(Boolean)
        .map((line) => JSON.parse(line) as string[]),
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}
