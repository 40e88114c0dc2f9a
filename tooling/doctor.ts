// `npm run doctor [-- --json] [-- --fix [--yes]]`: what the developer's machine brings, then what each built server finds of its own.
import { spawnSync } from "node:child_process";
import { existsSync, readdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { doctorCommand, programCheck, type WantedProgram } from "@platform-ops/ledger";
import { colorWish, processTerminal } from "@platform-ops/mcp-kit";

const ROOT = dirname(dirname(fileURLToPath(import.meta.url)));
const args = process.argv.slice(2);
const [isJson, isFix] = [args.includes("--json"), args.includes("--fix")];

/** Programs that set-up and tests use, and what is missing without them. */
const PROGRAMS: readonly Omit<WantedProgram, "id" | "otherwise">[] = [
  {
    program: "git",
    versionArgs: ["--version"],
    version: /git version (\S+)/,
    cure: "Without it the build takes the newest file's time for its own.",
  },
  {
    program: "go",
    versionArgs: ["version"],
    version: /go(\d+\.\d+[.\d]*)/,
    cure: "Without it Temporal and OpenTofu can only be downloaded or found on PATH, not built.",
  },
  { program: "ssh-keygen", cure: "Without it signed approvals cannot be verified, and their tests are skipped." },
  {
    program: "ssh",
    versionArgs: ["-V"],
    version: /OpenSSH_(\S+?),? /,
    cure: "Without it clusters with `via: openssh` cannot be reached, and tests with a real sshd are skipped.",
  },
  {
    program: "sshd",
    configured: "/usr/sbin/sshd",
    cure: "Without it tests with a real sshd are skipped (apt-get install openssh-server).",
  },
  { program: "busybox", cure: "Without it commands are not tested against its shell (apt-get install busybox)." },
  {
    program: "zsh",
    versionArgs: ["--version"],
    version: /zsh (\S+)/,
    cure: "Without it commands are not tested against this shell (apt-get install zsh).",
  },
  { program: "sudo", cure: "Without it commands by sudo are not tested (apt-get install sudo)." },
  { program: "terraform", versionArgs: ["version"], version: /v(\d+\.\d+\.\d+)/, cure: "OpenTofu is used." },
  { program: "tofu", versionArgs: ["version"], version: /v(\d+\.\d+\.\d+)/, cure: "terraform is used." },
];

const machine = doctorCommand<void>("machine", async () => {
  const around = { searchPath: process.env["PATH"] ?? "", env: process.env };
  const programs = await Promise.all(PROGRAMS.map((wanted) => programCheck({ ...wanted, id: wanted.program, otherwise: "warn" }, around)));
  return [{ id: "node", name: "Node", status: "ok", version: process.versions.node, path: process.execPath }, ...programs];
});

let machineSaid = "";
const terminal = processTerminal(process, { color: colorWish(process.env) });
const machineCode = await machine.run(
  { positionals: [], options: { json: isJson } },
  undefined,
  isJson ? { ...terminal, stdout: (text) => void (machineSaid += text) } : terminal,
  new AbortController().signal,
);
const bins = readdirSync(join(ROOT, "servers"))
  .map((server) => ({ server, bin: join(ROOT, "servers", server, "dist/bin.js") }))
  .filter(({ bin }) => existsSync(bin));
// Questions of --fix need the terminal itself.
const ends = bins.map(({ server, bin }) => {
  if (!isJson) terminal.stdout(`\n${server}\n`);
  return spawnSync(process.execPath, [bin, "doctor", ...args], {
    encoding: "utf8",
    stdio: ["inherit", isJson ? "pipe" : "inherit", "inherit"],
  });
});
if (isJson) {
  const reports = [machineSaid, ...ends.map(({ stdout }) => stdout)].flatMap((text) =>
    text === "" ? [] : [JSON.parse(text) as { ok: boolean }],
  );
  terminal.stdout(
    `${JSON.stringify({ format: 1, ok: reports.length === ends.length + 1 && reports.every(({ ok }) => ok), reports }, undefined, 2)}\n`,
  );
} else if (isFix) terminal.stdout("\nWhat the machine itself lacks is installed by its package manager.\n");
process.exitCode = Math.max(machineCode, ...ends.map(({ status }) => status ?? 1));
