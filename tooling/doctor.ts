// `npm run doctor [-- --json] [-- --fix]`: what the developer's machine brings, then what each built server finds of its own.
import { spawnSync } from "node:child_process";
import { existsSync, readdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const ROOT = dirname(dirname(fileURLToPath(import.meta.url)));
const args = process.argv.slice(2);

/** Programs that set-up and tests use, and what is missing without them. */
const PROGRAMS = [
  { name: "git", args: ["--version"], without: "the build takes the newest file's time for its own" },
  { name: "go", args: ["version"], without: "Temporal and OpenTofu can only be downloaded or found on PATH, not built" },
  { name: "ssh-keygen", args: ["-Q", "key"], without: "signed approvals cannot be verified, and their tests are skipped" },
  { name: "ssh", args: ["-V"], without: "clusters with `via: openssh` cannot be reached, and tests with a real sshd are skipped" },
  { name: "/usr/sbin/sshd", args: ["-V"], without: "tests with a real sshd are skipped (apt-get install openssh-server)" },
  { name: "busybox", args: ["true"], without: "commands are not tested against its shell (apt-get install busybox)" },
  { name: "zsh", args: ["--version"], without: "commands are not tested against this shell (apt-get install zsh)" },
  { name: "sudo", args: ["--version"], without: "commands by sudo are not tested (apt-get install sudo)" },
  { name: "terraform", args: ["version"], without: "OpenTofu is used" },
  { name: "tofu", args: ["version"], without: "terraform is used" },
];

function looks(program: (typeof PROGRAMS)[number]): string {
  const { status, stdout, stderr, error } = spawnSync(program.name, program.args, { encoding: "utf8", input: "", timeout: 20_000 });
  if (error !== undefined) return `! ${program.name}: not found; ${program.without}`;
  // Some have no version to tell, or refuse the question: only their being there counts.
  const version = status === 0 ? (stdout || stderr).split("\n")[0] : "";
  return `✓ ${program.name}${version === "" ? "" : `: ${version}`}`;
}

if (!args.includes("--json")) {
  process.stdout.write(`✓ node: ${process.version}\n${PROGRAMS.map(looks).join("\n")}\n`);
}
const servers = readdirSync(join(ROOT, "servers")).map((server) => join(ROOT, "servers", server, "dist/bin.js"));
const codes = servers
  .filter((bin) => existsSync(bin))
  .map((bin) => spawnSync(process.execPath, [bin, "doctor", ...args], { stdio: "inherit" }).status ?? 1);
process.exitCode = Math.max(0, ...codes);
