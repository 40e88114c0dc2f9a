import { spawnSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { RemoteCommand } from "./command.ts";
import { LARGEST_INPUT, putIntoEnvelope } from "./envelope.ts";
import { envelopeScript } from "./envelope-script.ts";
import type { RunOptions } from "./remote.ts";
import type { RunResult } from "./result.ts";
import { runCommand, type RunManner } from "./run-command.ts";
import { holdsWithin, processesWith } from "./testing/process-list.ts";
import { shellTransport } from "./testing/shell-transport.ts";
import { SHELLS, type ShellUnderTest } from "./testing/shells.ts";
import type { ExecRequest } from "./transport.ts";

const MANNER: RunManner = { kind: "watchdog", sudoTimeout: "inside", graceSeconds: 1, startMs: 10_000 };
const READ: RunOptions = { effect: "read", timeoutMs: 20_000, capture: { for: "model", maxBytes: 20_000 } };
const WRITE: RunOptions = { ...READ, effect: "write" };
const TARGET = { cluster: "here", node: "localhost", user: "me" };
const PATH = "/usr/bin:/bin";

let folder: string;
beforeAll(() => (folder = mkdtempSync(join(tmpdir(), "envelope-"))));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const program = (name: string, ...args: string[]): RemoteCommand => ({ kind: "program", program: name, args });
const text = (script: string): RemoteCommand => ({ kind: "shell", text: script });
/** A word by which a test finds its own processes again. */
const unique = (): string => `${3_000 + Math.floor(Math.random() * 6_000)}.${randomBytes(3).readUIntBE(0, 3)}`;

interface Shell {
  run(command: RemoteCommand, options?: RunOptions, manner?: Partial<RunManner>): Promise<RunResult>;
}

/** Runs commands with this shell in the place of /bin/sh, or as the login shell that is handed the line. */
function shellAs(role: "envelope" | "login", { argv }: ShellUnderTest, path = PATH): Shell {
  const wordsOf = ({ line, words }: ExecRequest): readonly string[] => (role === "login" ? [...argv, line] : [...argv, ...words!.slice(2)]);
  const transport = shellTransport(wordsOf, { env: { PATH: path, HOME: folder, SHELL: "/bin/sh", SHLVL: "1" }, cwd: folder });
  return { run: (command, options = READ, manner = {}) => runCommand(transport, TARGET, command, options, { ...MANNER, ...manner }) };
}

const quick = { state: "completed", remote: "ended", exit_code: 0 };

/** What is /bin/sh somewhere; zsh is a login shell only. */
const SYSTEM_SHELLS = SHELLS.filter(({ name }) => name !== "zsh");

describe.concurrent.each(SYSTEM_SHELLS)("an envelope run by $title", (shell) => {
  const skip = shell.missing !== undefined;
  const { run } = shellAs("envelope", shell);

  test.skipIf(skip)("gives the command's own streams and status, and nothing else", async () => {
    const result = await run(text("printf 'out put'; printf 'err or' >&2; exit 7"));
    expect(result).toMatchObject({
      state: "completed",
      remote: "ended",
      exit_code: 7,
      stdout: { text: "out put", bytes: 7 },
      stderr: { text: "err or" },
    });
    expect(result).not.toHaveProperty("failure");
    expect(result).not.toHaveProperty("login_noise");
    expect(await run(program("printf", "%s|", "a b", "it's", "", "$HOME", "*"))).toMatchObject({
      ...quick,
      stdout: { text: "a b|it's||$HOME|*|" },
    });
    expect(await run(program("no-such-program"))).toMatchObject({ state: "completed", exit_code: 127 });
    expect(await run(text("kill -9 $$"))).toMatchObject({ state: "completed", exit_code: 137, stderr: { text: "" } });
  });

  test.skipIf(skip)("gives stdin as it is, whole, then its end; without one /dev/null", async () => {
    for (const stdin of [
      "",
      "line\n\n\n",
      "no end",
      "héllo \u2028\u{1f600}\u0081\u0088",
      "a\tb\\n%s'\"$x`\r\n",
      Buffer.from([0, 1, 255, 254, 10, 0]),
    ]) {
      const result = await run({ ...program("od", "-An", "-v", "-tx1"), stdin }, WRITE);
      expect(result).toMatchObject(quick);
      expect(result.stdout.text.replaceAll(/\s/g, "")).toBe(Buffer.from(stdin).toString("hex"));
    }
    expect(await run(program("cat"))).toMatchObject({ ...quick, stdout: { text: "" } });
    const large = "0123456789abcde\n".repeat(LARGEST_INPUT / 16);
    expect(await run({ ...program("cksum"), stdin: large }, WRITE)).toMatchObject({
      ...quick,
      stdout: { text: expect.stringMatching(/ 1048576\n$/) },
    });
    expect(await run({ ...program("true"), stdin: large }, WRITE)).toMatchObject(quick);
  });

  test.skipIf(skip)("stands under timeout(1), and holds none of the envelope's streams", async () => {
    const result = await run(text("ps -o args= -p $PPID; for fd in 3 4 5; do [ -e /proc/$$/fd/$fd ] && echo held $fd; done; true"));
    expect(result).toMatchObject({ ...quick, stdout: { text: expect.stringMatching(/^\/usr\/bin\/timeout -k 1 20 \/bin\/sh -c .*\n$/s) } });
    expect(result.stdout.text).not.toMatch(/^held/m);
    const given = await run({ ...text("cat; for fd in 3 4 5; do [ -e /proc/$$/fd/$fd ] && echo held $fd; done; true"), stdin: "in\n" });
    expect(given).toMatchObject({ ...quick, stdout: { text: "in\n" } });
  });

  test.skipIf(skip)("keeps directory and variables", async () => {
    const there = join(folder, `it's $HOME ${unique()}`);
    mkdirSync(there);
    expect(await run({ ...program("pwd"), cwd: there })).toMatchObject({ ...quick, stdout: { text: `${there}\n` } });
    expect(await run({ kind: "program", program: "sh", args: ["-c", 'echo "$X|$po_mark"'], env: { X: "a 'b' $c" } })).toMatchObject({
      ...quick,
      stdout: { text: "a 'b' $c|\n" },
    });
    const nowhere = await run({ ...program("touch", join(folder, "canary")), cwd: join(folder, "none") }, WRITE);
    expect(nowhere).toMatchObject({
      state: "not_started",
      exit_code: null,
      failure: { code: "not_found" },
      stderr: { text: expect.stringContaining("none") },
    });
    expect(existsSync(join(folder, "canary"))).toBe(false);
  });

  test.skipIf(skip)("ends it at its time limit, with all that it started, also what ignores TERM", async () => {
    const limited = { ...READ, timeoutMs: 1_000 };
    const mine = unique();
    const [obeys, ignores, exits124] = await Promise.all([
      run(text(`sleep ${mine} & sleep ${mine}`), limited),
      run(text(`trap '' TERM; sleep ${mine} & sleep ${mine}; sleep ${mine}`), limited),
      run(text("exit 124"), limited),
    ]);
    expect(obeys).toMatchObject({
      state: "timed_out",
      remote: "ended",
      exit_code: null,
      failure: { code: "command_timeout" },
      stderr: { text: "" },
    });
    expect(ignores).toMatchObject({ state: "timed_out", remote: "ended", exit_code: null, failure: { code: "command_timeout" } });
    expect(exits124).toMatchObject({ state: "completed", exit_code: 124 });
    expect(processesWith(`sleep ${mine}`)).toEqual([]);
  });

  test.skipIf(skip)("ends it when it is cancelled, with all that it started, also what ignores TERM", async () => {
    const mine = unique();
    const cancel = async (script: string): Promise<RunResult> => {
      const controller = new AbortController();
      const running = run(text(script), { ...WRITE, signal: controller.signal });
      expect(await holdsWithin(5_000, () => processesWith(`sleep ${mine}`).length > 0)).toBe(true);
      controller.abort();
      return await running;
    };
    const cancelled = { state: "cancelled", remote: "ended", exit_code: null, failure: { code: "cancelled" } };
    expect(await cancel(`echo before; sleep ${mine} & sleep ${mine}`)).toMatchObject({ ...cancelled, stdout: { text: "before\n" } });
    expect(await cancel(`trap '' TERM; sleep ${mine} & sleep ${mine}; sleep ${mine}`)).toMatchObject(cancelled);
    // The direct child obeys and says 0; what it started does not.
    expect(await cancel(`(trap '' TERM; sleep ${mine}; sleep ${mine}) & trap 'exit 0' TERM; wait`)).toMatchObject(cancelled);
    expect(processesWith(`sleep ${mine}`)).toEqual([]);
  });

  test.skipIf(skip)("leaves what the command put into the background, says so, and does not wait for it", async () => {
    const mine = unique();
    const result = await run(text(`sleep ${mine} & echo done`));
    expect(result).toMatchObject({ state: "completed", remote: "left_running", exit_code: 0, stdout: { text: "done\n" } });
    const left = processesWith(`sleep ${mine}`);
    expect(left).toHaveLength(1);
    process.kill(left[0]!, "SIGKILL");
  });

  test.skipIf(skip)("ends it when the connection is gone", async () => {
    const mine = unique();
    const { argv } = shell;
    const { words, input } = putIntoEnvelope(text(`trap '' TERM; sleep ${mine}; sleep ${mine}`), {
      ...MANNER,
      limitSeconds: 60,
      waits: false,
    });
    const transport = shellTransport(() => [...argv, ...words!.slice(2)], { env: { PATH, SHLVL: "1" }, cwd: folder });
    const controller = new AbortController();
    // No grace: streams are closed and the shell itself is killed, as Teleport does it. Only the watchdog is left.
    const ended = transport.exec({
      target: TARGET,
      line: "",
      input,
      signal: controller.signal,
      graceMs: 0,
      onStdout: () => undefined,
      onStderr: () => undefined,
    });
    expect(await holdsWithin(5_000, () => processesWith(`sleep ${mine}`).length > 0)).toBe(true);
    controller.abort();
    await ended;
    expect(await holdsWithin(6_000, () => processesWith(`sleep ${mine}`).length === 0)).toBe(true);
  });

  test.skipIf(skip)("begins nothing that waits for a go-ahead that never comes, nor with half an input", async () => {
    const canary = join(folder, `canary-${unique()}`);
    const attempt = async (
      command: RemoteCommand,
      waits: boolean,
      send: (input: Uint8Array) => Uint8Array,
      endInput = true,
    ): Promise<string> => {
      const { words, input } = putIntoEnvelope(command, { ...MANNER, limitSeconds: 5, waits });
      const transport = shellTransport(() => [...shell.argv, ...words!.slice(2)], { env: { PATH, SHLVL: "1" }, cwd: folder });
      let said = "";
      const onOutput = (chunk: Uint8Array): void => void (said += Buffer.from(chunk).toString());
      // The connection ends right after what was sent.
      await transport.exec({
        target: TARGET,
        line: "",
        input: send(input),
        endInput,
        signal: new AbortController().signal,
        graceMs: 0,
        onStdout: onOutput,
        onStderr: onOutput,
      });
      return said;
    };
    expect(await attempt(program("touch", canary), true, (input) => input)).toMatch(/-start .*-refused go\n$/s);
    expect(await attempt({ ...program("tee", canary), stdin: "a\nb\n" }, false, (input) => input.subarray(0, 3))).toMatch(
      /-refused input\n$/,
    );
    expect(await attempt({ ...program("tee", canary), stdin: "a\nb\n" }, false, (input) => input.subarray(0, input.length - 1))).toMatch(
      /^platform-ops-\w+-refused input\n$/,
    );
    expect(existsSync(canary)).toBe(false);
    await attempt({ ...program("tee", canary), stdin: "a\nb\n" }, false, (input) => input, false);
    expect(readFileSync(canary, "utf8")).toBe("a\nb\n");
  });

  test.skipIf(skip)("works where setsid and timeout are missing, and with busybox's timeout", async () => {
    const bare = join(folder, `bin-${unique()}`);
    mkdirSync(bare);
    for (const name of ["sleep", "sh", "cat", "head", "touch"])
      symlinkSync(existsSync(`/usr/bin/${name}`) ? `/usr/bin/${name}` : `/bin/${name}`, join(bare, name));
    // A stand-in for /usr/bin/timeout cannot be put there; the script is asked to look elsewhere.
    const script = (parts: Parameters<typeof envelopeScript>[0]): string =>
      envelopeScript(parts).replaceAll("/usr/bin/timeout", join(bare, "timeout"));
    const attempt = async (): Promise<RunResult> => {
      const mine = unique();
      const transport = shellTransport(
        ({ words }) => [
          ...shell.argv,
          script({ loginShell: true, sudo: "none", directory: false, input: "none", goAhead: false }),
          ...words!.slice(3),
        ],
        { env: { PATH: bare, SHELL: "/bin/sh", SHLVL: "1" }, cwd: folder },
      );
      const result = await runCommand(
        transport,
        TARGET,
        text(`sleep ${mine} & sleep ${mine}; sleep ${mine}`),
        { ...READ, timeoutMs: 1_000 },
        MANNER,
      );
      const left = processesWith(`sleep ${mine}`);
      for (const pid of left) process.kill(pid, "SIGKILL");
      return { ...result, stdout: { ...result.stdout, text: String(left.length) } };
    };
    // dash and busybox's shell have no job control without a terminal: there only the command itself is found.
    const hasJobs = shell.name.startsWith("bash");
    expect(await attempt()).toMatchObject({ state: "timed_out", ...(hasJobs ? { remote: "ended", stdout: { text: "0" } } : {}) });
    symlinkSync("/usr/bin/setsid", join(bare, "setsid"));
    expect(await attempt()).toMatchObject({ state: "timed_out", remote: "ended", stdout: { text: "0" } });
    if (!existsSync("/usr/bin/busybox") && !existsSync("/bin/busybox")) return;
    symlinkSync(existsSync("/bin/busybox") ? "/bin/busybox" : "/usr/bin/busybox", join(bare, "timeout"));
    expect(await attempt()).toMatchObject({ state: "timed_out", remote: "ended", stdout: { text: "0" } });
  });
});

describe.each(SHELLS)("an envelope handed over by the login shell $title", (shell) => {
  test.skipIf(shell.missing !== undefined)("arrives as it is", async () => {
    const { run } = shellAs("login", shell);
    expect(await run(program("printf", "%s|", "it's", "a\nb", "!x", "~", ""), WRITE)).toMatchObject({
      ...quick,
      stdout: { text: "it's|a\nb|!x|~||" },
    });
    expect(await run({ ...text('cat; echo "$0"; exit 3'), stdin: "in\n" }, WRITE)).toMatchObject({
      state: "completed",
      exit_code: 3,
      stdout: { text: expect.stringMatching(/^in\n.*sh\n$/) },
    });
  });
});

describe("the script", () => {
  const ALL = (["none", "inside", "outside"] as const).flatMap((sudo) =>
    (["none", "text", "base64"] as const).flatMap((input) =>
      [true, false].flatMap((loginShell) =>
        [true, false].flatMap((directory) => [true, false].map((goAhead) => ({ sudo, input, loginShell, directory, goAhead }))),
      ),
    ),
  );

  test("holds nothing that another login shell would read in its own way", () => {
    for (const parts of ALL) expect(envelopeScript(parts)).not.toMatch(/['\\\n]|!(?! )/);
  });

  // Not to zsh, which only hands it over as one word; its -n crashes on the script now and then (5.9).
  test.each(SYSTEM_SHELLS)("is syntax to $title", ({ argv: [shell, ...args], missing }) => {
    const scripts = missing === undefined ? ALL.map(envelopeScript) : [];
    const failures = scripts.map((script) => {
      const { status, signal, error, stderr } = spawnSync(shell, [...args.slice(0, -1), "-n", "-c", script], { encoding: "utf8" });
      return { status, signal, error, stderr };
    });
    expect(failures.filter(({ status, stderr }) => status !== 0 || stderr !== "")).toEqual([]);
  });
});

describe("putIntoEnvelope", () => {
  const options = { ...MANNER, limitSeconds: 5, waits: false };

  test("makes a mark of its own for every command", () => {
    const marks = Array.from({ length: 100 }, () => putIntoEnvelope(program("true"), options).mark);
    expect(new Set(marks).size).toBe(100);
    expect(marks[0]).toMatch(/^platform-ops-[0-9a-f]{32}$/);
  });

  test("leaves nothing of the command in the script: it is words, quoted once", () => {
    const anything = fc.string({ unit: "binary", maxLength: 60 }).filter((word) => !word.includes("\0") && !/\p{Surrogate}/u.test(word));
    const script = putIntoEnvelope(program("true"), options).words![2];
    fc.assert(
      fc.property(fc.array(anything, { maxLength: 5 }), (args) => {
        const { words } = putIntoEnvelope(program("true", ...args), options);
        expect(words![2]).toBe(script);
        expect(words!.slice(-args.length - 1)).toEqual(["true", ...args]);
      }),
      { numRuns: 300, seed: 3 },
    );
  });

  test("plain: the bare command, whose stdin ends with its input", () => {
    const plain = { ...options, kind: "plain" } as const;
    expect(
      putIntoEnvelope({ kind: "program", program: "kubectl", args: ["get", "pods; id"], sudo: true, cwd: "/a b" }, plain),
    ).toMatchObject({ line: "cd -- '/a b' && sudo -n -- kubectl get 'pods; id'", endInput: true });
    expect(putIntoEnvelope({ ...text("df -h | head"), sudo: true }, plain).line).toBe("sudo -n -- /bin/sh -c 'df -h | head'");
    expect(putIntoEnvelope(text("df -h | head"), plain)).not.toHaveProperty("mark");
  });

  test("refuses what could mean something else on the way", () => {
    const refused = (command: RemoteCommand, said: RegExp): void => expect(() => putIntoEnvelope(command, options)).toThrow(said);
    refused(program("A=b"), /program/);
    refused(program("-x"), /program/);
    refused(program("a b"), /program/);
    refused(program("true", "a\0b"), /NUL/);
    refused({ kind: "program", program: "true", args: [], env: { "A B": "x" } }, /env/);
    refused({ ...program("true"), cwd: "relative" }, /cwd/);
    refused({ ...program("true"), cwd: "-" }, /cwd/);
    refused(text(" \n"), /empty/);
    refused(text("echo \0"), /NUL/);
    refused(text("x".repeat(100_001)), /bytes/);
    refused({ ...program("cat"), stdin: "x".repeat(LARGEST_INPUT + 1) }, /stdin/);
  });
});
