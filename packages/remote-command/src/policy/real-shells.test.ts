import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { temporaryPolicy } from "@platform-ops/ledger/testing";
import * as fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { SHELLS } from "../testing/shells.ts";
import { judgeCommand } from "./judge-command.ts";
import { plainWords } from "./plain-words.ts";

const TOOLS = ["sh", "env", "nice", "nohup", "timeout", "setsid", "stdbuf", "xargs", "find", "cat", "true", "echo"];
/** What texts are put together from. */
const TOKENS =
  String.raw`canary|canary|canary|can|ary|true|echo|sh -c|sh|env|env -i|env A=b|nice|nice -n 1|nohup|timeout 5|exec|command|eval
setsid -w|stdbuf -o0|xargs|find . -maxdepth 0 -exec|{} +|A=b|!|if|then|; fi|while|do break; done|;|&&|&|(|)|{|; }|$(|)|'|"|\|#|>x|2>&1|<
</dev/null|$X|$@|''|bin/canary|./bin/canary|~/bin/canary|bin/can*|bin/c[a]nary|$(echo canary)|--|-c|*|. bin/canary`
    .split(/[|\n]/)
    .concat("|", "||", "\n", "\\\n", "`", "${X}canary");
let folder: string;
let bin: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "policy-shells-"));
  bin = join(folder, "bin");
  mkdirSync(bin);
  writeFileSync(join(bin, "words"), `#!/bin/sh\nprintf '[%s]' "$0" "$@"\nprintf '\\n'\n`, { mode: 0o755 });
  writeFileSync(join(bin, "canary"), `#!/bin/sh\n: > '${join(folder, "sung")}'\n`, { mode: 0o755 });
  for (const tool of TOOLS) {
    const path = ["/usr/bin", "/bin"].map((place) => join(place, tool)).find((each) => existsSync(each));
    if (path !== undefined) symlinkSync(path, join(bin, tool));
  }
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Runs a text as an account's login shell would. */
function run(argv: readonly [string, ...string[]], text: string): string {
  const [shell, ...args] = argv;
  const { stdout } = spawnSync(shell, [...args, text], {
    cwd: folder,
    env: { PATH: bin, HOME: folder },
    encoding: "utf8",
    timeout: 20_000,
  });
  return stdout ?? "";
}

const fish = { name: "fish", argv: ["/usr/bin/fish", "--no-config", "-c"] as const };
const tcsh = { name: "tcsh", argv: ["/usr/bin/tcsh", "-f", "-c"] as const };
const others = [fish, tcsh].map((each) => ({ ...each, missing: existsSync(each.argv[0]) ? undefined : `needs ${each.name}` }));

describe("plain words are exactly that to every login shell", () => {
  const character = fc.oneof(
    { weight: 30, arbitrary: fc.constantFrom(..."abXZ09_/:.,@%+=-  ") },
    { weight: 1, arbitrary: fc.constantFrom(..."'\"\\$`*?[]{}()<>|&;!#~^\n\t\r\u00a0é\u202e") },
  );
  const texts = fc
    .sample(fc.string({ unit: character, minLength: 1, maxLength: 14 }), { seed: 7, numRuns: 3000 })
    .map((text) => `${text.split("/").at(-1)!.trimStart()}`)
    .flatMap((text) => {
      const [program = "", ...args] = plainWords(text) ?? [];
      // A name that no shell has a command of its own for.
      return program === "" ? [] : [[`${program}9z`, ...args]];
    })
    .slice(0, 150);

  it.for([...SHELLS, ...others])("$name", ({ argv, missing }, { skip }) => {
    skip(missing !== undefined, missing);
    expect(texts.length).toBe(150);
    for (const [program] of texts) if (!existsSync(join(bin, program!))) symlinkSync("words", join(bin, program!));
    const lines = run(argv as [string, ...string[]], texts.map((words) => words.join(" ")).join("\n")).split("\n");
    expect(lines.slice(0, -1)).toEqual(
      texts.map(([program, ...args]) => [join(bin, program!), ...args].map((word) => `[${word}]`).join("")),
    );
  });
});

describe("a text that calls a forbidden program", () => {
  const token = fc.constantFrom(...TOKENS);
  const part = fc.tuple(token, fc.constantFrom(" ", " ", " ", "")).map((both) => both.join(""));
  const texts = fc.sample(fc.array(part, { minLength: 1, maxLength: 6 }), { seed: 11, numRuns: 900 }).map((parts) => parts.join(""));
  const cluster = {
    transport: "local" as const,
    teleport: { cluster: "lab", mode: "tsh" as const, insecure: false },
    ssh: { hosts: [], known_hosts: [], identity_files: [], via: "ssh2" as const },
    envelope: "watchdog" as const,
    sudo_timeout: "inside" as const,
  };
  const settings = { clusters: { lab: cluster }, timeout_seconds: 30, max_timeout_seconds: 900, concurrency: 25, remedies: {} };
  const open = {
    preset: "open" as const,
    sudo: false,
    kubeconfig: "default",
    deny: [{ program: "canary" }],
    ask: [],
    allow: [{ program: "*" }],
  };
  const policy = temporaryPolicy([{ name: "lab", match: { clusters: ["lab"] }, protected: false, channels: ["cli"], remote: open }]);
  const judge = (text: string): string =>
    judgeCommand(policy, settings, {
      target: { cluster: "lab", node: "a", user: "b" },
      command: { kind: "shell", text },
      effect: "free",
      timeoutMs: 1000,
    }).verdict;

  it("is never let run, though everything else is open", () => {
    const shells = [...SHELLS, ...others].filter(({ missing }) => missing === undefined);
    let sung = 0;
    for (const [index, text] of texts.entries()) {
      if (text.trim() === "") continue;
      const [shell, ...args] = shells[index % shells.length]!.argv;
      spawnSync(shell, [...args, text], {
        cwd: folder,
        env: { PATH: bin, HOME: folder }, // Waits for what goes on in the background, too: it holds the pipe.
        stdio: ["ignore", "ignore", "ignore", "pipe"],
        timeout: 5_000,
      });
      if (!existsSync(join(folder, "sung"))) continue;
      rmSync(join(folder, "sung"));
      sung += 1;
      expect([text, judge(text)]).not.toEqual([text, "run"]);
    }
    expect(sung).toBeGreaterThan(40);
    expect(judge("echo can ary")).toBe("run");
  }, 60_000);
});
