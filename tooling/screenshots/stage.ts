import { spawn } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir, userInfo } from "node:os";
import { delimiter, isAbsolute, join } from "node:path";
import { COLUMNS } from "./picture.ts";

const LONGEST_MS = 120_000;
const PROMPT = "\u001b[32m$\u001b[39m";

/** A home folder and a project of their own, in which commands are run and what they print is kept. */
export interface Stage {
  readonly project: string;
  /** Runs a command of the bin at a terminal, as a person would; its output goes into the picture. `answer` is typed when it is asked. */
  type(args: readonly string[], options?: { answer?: string }): Promise<string>;
  /** Runs one that is not in the picture. */
  behind(args: readonly string[]): Promise<string>;
  /** All that was written, with this machine's folders as a reader's. */
  written(): string;
  readonly commands: readonly string[];
  remove(): Promise<void>;
}

/** Sets the stage for one bin. `example` is copied into the project. */
export function setStage(root: string, server: string, example?: string): Stage {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), "platform-ops-pictures-")));
  const [home, data, project] = [folder, join(folder, ".local/share/platform-ops"), join(folder, "infrastructure")];
  mkdirSync(project);
  if (example !== undefined) cpSync(join(root, example), project, { recursive: true });
  const bin = join(root, "servers", server, "dist/bin.js");
  const name = `${server}-mcp`;
  const env = {
    PATH: process.env["PATH"] ?? "",
    LANG: "C.UTF-8",
    TERM: "xterm-256color",
    HOME: home,
    XDG_CACHE_HOME: process.env["XDG_CACHE_HOME"] ?? join(process.env["HOME"] ?? "", ".cache"),
    FORCE_COLOR: "1",
  };
  // Where this machine has its programs is its own affair.
  const folders = env.PATH.split(delimiter).filter((found) => isAbsolute(found) && !/^\/(usr\/(local\/)?)?s?bin\/?$/.test(found));
  const commands: string[] = [];
  let written = "";
  const run = async (args: readonly string[]): Promise<string> => {
    return await output(process.execPath, [bin, ...args], { cwd: project, env });
  };
  /** At a terminal, which `script` of util-linux makes. */
  const typed = async (args: readonly string[], answer: string | undefined): Promise<string> => {
    const command = `stty cols ${COLUMNS}; ${[process.execPath, bin, ...args].map(quoted).join(" ")}`;
    return await output("script", ["-qec", command, "/dev/null"], { cwd: project, env, ...(answer !== undefined && { answer }) });
  };
  return {
    project,
    commands,
    async type(args, { answer } = {}) {
      const command = [name, ...args.map(quoted)].join(" ");
      commands.push(command);
      const out = await typed(args, answer);
      written += `${PROMPT} ${command}\n${out.replace(/\n*$/, "\n")}\n`;
      return out;
    },
    behind: (args) => run(args),
    written: () =>
      [
        [process.execPath, "/usr/bin/node"],
        [data, "~/.local/share/platform-ops"],
        [env.XDG_CACHE_HOME, "~/.cache"],
        [root, "/home/you/platform-ops"],
        [home, "/home/you"],
        [`tty:${userInfo().username}`, "tty:you"],
        [`-call@${userInfo().username}`, "-call@you"],
        ...folders.map((found) => [`${found}/`, "/usr/local/bin/"]),
      ].reduce((text, [from, to]) => text.replaceAll(from!, to!), written),
    async remove() {
      await run(["supervisor", "stop"]).catch(() => undefined);
      rmSync(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 });
    },
  };
}

function quoted(word: string): string {
  return /^[\w@%+=:,./~-]+$/.test(word) ? word : `'${word}'`;
}

function output(
  program: string,
  args: readonly string[],
  { cwd, env, answer }: { cwd: string; env: Record<string, string>; answer?: string },
): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { cwd, env, stdio: ["pipe", "pipe", "pipe"] });
    let out = "";
    let isTyped = false;
    const late = setTimeout(() => {
      child.kill();
      reject(new Error(`${args.at(-2) ?? program} did not end: ${out.slice(-400)}`));
    }, LONGEST_MS);
    const take = (chunk: Buffer): void => {
      out += chunk.toString();
      // Typed when it is asked, so that it stands behind the question; a terminal puts its cursor there.
      if (answer === undefined || isTyped || !/Type [^\n]*$/.test(out)) return;
      isTyped = true;
      child.stdin.write(`${answer}\n`);
    };
    child.stdout.on("data", take);
    child.stderr.on("data", take);
    child.on("error", reject);
    child.on("close", () => {
      clearTimeout(late);
      resolve(out);
    });
    if (answer === undefined) child.stdin.end();
  });
}

/** Makes a file of the stage, as a person had it before. */
export function putFile(stage: Stage, path: string, text: string): void {
  const file = join(stage.project, "..", path);
  mkdirSync(join(file, ".."), { recursive: true });
  writeFileSync(file, text);
}
