import { randomBytes } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openRemote, type Remote, type RemoteCommand, type RunOptions, type RunResult } from "@platform-ops/remote-command";
import { holdsWithin, processesWith } from "../../packages/remote-command/src/testing/process-list.ts";
import { remotePolicy, remoteSettings, surroundings } from "../../packages/remote-command/src/testing/remote-settings.ts";
import { sshCluster } from "../support/ssh-cluster.ts";
import { SSHD_USERS_MISSING, startSshd, type Sshd } from "../support/sshd.ts";

const READ: RunOptions = { effect: "read", timeoutMs: 20_000, capture: { for: "model", maxBytes: 4_000 } };
const program = (name: string, ...args: string[]): RemoteCommand => ({ kind: "program", program: name, args });
const text = (script: string): RemoteCommand => ({ kind: "shell", text: script });
const asRoot = (command: RemoteCommand): RemoteCommand => ({ ...command, sudo: true });
/** A number by which a test finds its own processes again. */
const unique = (): string => `${3_000 + Math.floor(Math.random() * 6_000)}.${randomBytes(3).readUIntBE(0, 3)}`;

describe.skipIf(SSHD_USERS_MISSING !== undefined)(
  `commands in their envelope, on a real sshd${SSHD_USERS_MISSING === undefined ? "" : ` (${SSHD_USERS_MISSING})`}`,
  () => {
    let server: Sshd;
    let remote: Remote;
    let outside: Remote;
    let folder: string;

    beforeAll(async () => {
      folder = mkdtempSync(join(tmpdir(), "remote-commands-"));
      const noise = 'echo "Welcome to this machine"; printf "\\033[31mcareful\\033[0m\\n" >&2\n';
      server = await startSshd({
        users: [
          { name: "ada", sudoers: ["ALL=(ALL) NOPASSWD: ALL"] },
          { name: "dan", shell: "/bin/dash" },
          { name: "bob", shell: "busybox:sh" },
          { name: "zoe", shell: "/usr/bin/zsh", files: { ".zshenv": noise } },
          { name: "nil", files: { ".bashrc": noise } },
          { name: "off", shell: "/usr/sbin/nologin" },
          { name: "kim", sudoers: ["ALL=(root) NOPASSWD: /usr/bin/id, /usr/bin/sleep"] },
        ],
      });
      const open = (sudo_timeout: "inside" | "outside"): Remote =>
        openRemote({
          settings: remoteSettings({ lab: { ...sshCluster(server), sudo_timeout } }),
          policy: remotePolicy(),
          surroundings: surroundings(folder),
          graceSeconds: 1,
          startMs: 10_000,
        });
      remote = open("inside");
      outside = open("outside");
    });
    afterAll(async () => {
      await remote?.close();
      await outside?.close();
      await server?.stop();
      rmSync(folder, { recursive: true, force: true });
    });

    const run = (user: string, command: RemoteCommand, more: Partial<RunOptions> = {}, by = remote): Promise<RunResult> =>
      by.run({ cluster: "lab", node: "web1", user }, command, { ...READ, ...more });
    /** Runs it, and cancels it once a `sleep` of it is there. */
    const cancelled = async (user: string, command: RemoteCommand, sleeps: string, by = remote): Promise<RunResult> => {
      const controller = new AbortController();
      const running = run(user, command, { effect: "write", signal: controller.signal }, by);
      expect(await holdsWithin(10_000, () => processesWith(`sleep ${sleeps}`).length > 0)).toBe(true);
      controller.abort();
      return await running;
    };

    it.each(["ada", "dan", "bob", "zoe"])("streams, status, words and input are exact for the login shell of %s", async (user) => {
      expect(await run(user, text("printf out; printf err >&2; exit 9"))).toMatchObject({
        state: "completed",
        remote: "ended",
        exit_code: 9,
        stdout: { text: "out" },
        stderr: { text: "err" },
      });
      const words = ["it's", "a\nb", "$(id)", "`id`", "!x", "~", "*", "", "-n", "=x", "\\", '"'];
      expect(await run(user, program("printf", "%s|", ...words), { effect: "write" })).toMatchObject({
        exit_code: 0,
        stdout: { text: words.map((word) => `${word}|`).join("") },
      });
      expect(await run(user, { ...program("cat"), stdin: "a: b\n\n" }, { effect: "write" })).toMatchObject({
        exit_code: 0,
        stdout: { text: "a: b\n\n" },
      });
      expect(await run(user, text('echo "$0"'))).toMatchObject({
        stdout: { text: expect.stringContaining({ ada: "bash", dan: "dash", bob: "sh", zoe: "zsh" }[user] ?? "?") },
      });
    });

    it.each(["zoe", "nil"])("what the login shell of %s prints is told apart, and cleaned", async (user) => {
      const result = await run(user, text("echo mine"));
      expect(result).toMatchObject({
        exit_code: 0,
        stdout: { text: "mine\n", bytes: 5 },
        stderr: { text: "" },
        login_noise: "Welcome to this machine\ncareful\n",
      });
    });

    it("an account without a shell begins nothing, and its words are kept", async () => {
      expect(await run("off", program("true"), { effect: "write" })).toMatchObject({
        state: "not_started",
        remote: "ended",
        exit_code: null,
        stdout: { text: expect.stringContaining("not available") },
        failure: { code: "command_failed" },
      });
    });

    it.each(["ada", "dan", "bob"])("a time limit ends all that %s started, also what ignores TERM", async (user) => {
      const mine = unique();
      const results = await Promise.all([
        run(user, text(`sleep ${mine} & sleep ${mine}`), { timeoutMs: 1_000 }),
        run(user, text(`trap '' TERM; sleep ${mine} & sleep ${mine}; sleep ${mine}`), { timeoutMs: 1_000 }),
      ]);
      for (const result of results)
        expect(result).toMatchObject({ state: "timed_out", remote: "ended", exit_code: null, failure: { code: "command_timeout" } });
      expect(processesWith(`sleep ${mine}`)).toEqual([]);
    });

    it("as root: limit and cancel end all, also what ignores TERM; a folder of root is entered", async () => {
      expect(
        await run(
          "ada",
          { kind: "program", program: "sh", args: ["-c", 'id -u; pwd; echo "$X"'], sudo: true, cwd: "/root", env: { X: "a b" } },
          { effect: "write" },
        ),
      ).toMatchObject({ exit_code: 0, stdout: { text: "0\n/root\na b\n" } });
      expect(await run("ada", { ...text("id -u; cat"), sudo: true, stdin: "in" }, { effect: "write" })).toMatchObject({
        exit_code: 0,
        stdout: { text: "0\nin" },
      });
      const mine = unique();
      const ended = { remote: "ended", exit_code: null };
      expect(await run("ada", asRoot(text(`sleep ${mine} & sleep ${mine}`)), { timeoutMs: 1_000 })).toMatchObject({
        ...ended,
        state: "timed_out",
      });
      expect(
        await run("ada", asRoot(text(`trap '' TERM; sleep ${mine} & sleep ${mine}; sleep ${mine}`)), { timeoutMs: 1_000 }),
      ).toMatchObject({ ...ended, state: "timed_out" });
      expect(await cancelled("ada", asRoot(text(`sleep ${mine}; sleep ${mine}`)), mine)).toMatchObject({ ...ended, state: "cancelled" });
      expect(await cancelled("ada", asRoot(text(`trap '' TERM; sleep ${mine} & sleep ${mine}; sleep ${mine}`)), mine)).toMatchObject({
        ...ended,
        state: "cancelled",
      });
      // The direct child obeys; what it started does not, and only root may end that.
      expect(
        await cancelled("ada", asRoot(text(`(trap '' TERM; sleep ${mine}; sleep ${mine}) & trap 'exit 0' TERM; wait`)), mine),
      ).toMatchObject({ ...ended, state: "cancelled" });
      expect(processesWith(`sleep ${mine}`)).toEqual([]);
    });

    it("as root where sudoers allows the program alone: the limit stands outside", async () => {
      expect(await run("kim", asRoot(program("/usr/bin/id", "-u")))).toMatchObject({
        state: "completed",
        exit_code: 1,
        failure: { code: "sudo_denied" },
      });
      expect(await run("kim", asRoot(program("/usr/bin/id", "-u")), {}, outside)).toMatchObject({
        state: "completed",
        exit_code: 0,
        stdout: { text: "0\n" },
      });
      const mine = unique();
      expect(await run("kim", asRoot(program("/usr/bin/sleep", mine)), { timeoutMs: 1_000 }, outside)).toMatchObject({
        state: "timed_out",
        remote: "ended",
      });
      expect(processesWith(`/usr/bin/sleep ${mine}`)).toEqual([]);
    });

    it("sudo that wants a password is told, and is not the command's own failure", async () => {
      expect(await run("dan", asRoot(program("true")), { effect: "write" })).toMatchObject({
        failure: { code: "sudo_denied" },
        stderr: { text: expect.stringContaining("sudo: a password is required") },
      });
      expect(await run("dan", text("echo 'sudo: a password is required' >&2; exit 1"))).not.toHaveProperty("failure");
    });

    it("a connection cut in the middle: unknown to us, and ended there", async () => {
      const mine = unique();
      const result = run("dan", text(`echo begun; sleep ${mine}; sleep ${mine}`), { effect: "write" });
      expect(await holdsWithin(10_000, () => processesWith(`sleep ${mine}`).length === 1)).toBe(true);
      for (const pid of processesWith(/^sshd: dan(@notty)?$/)) process.kill(pid, "SIGKILL");
      expect(await result).toMatchObject({
        state: "unknown",
        remote: "unknown",
        exit_code: null,
        stdout: { text: "begun\n" },
        failure: { code: "connection_lost", hint: expect.stringContaining("Look at the target") },
      });
      expect(await holdsWithin(8_000, () => processesWith(`sleep ${mine}`).length === 0)).toBe(true);
      expect(await run("dan", program("true"))).toMatchObject({ state: "completed", exit_code: 0 });
    });

    it("hostile output: a gigabyte, endless, forged marks, control sequences, invalid UTF-8; memory stays", async () => {
      const before = process.memoryUsage().rss;
      const [gigabyte, endless] = [
        await run("dan", text("head -c 1000000000 /dev/zero | tr '\\0' x"), { timeoutMs: 120_000 }),
        await run("dan", text("yes"), { timeoutMs: 1_000 }),
      ];
      expect(gigabyte).toMatchObject({ state: "completed", exit_code: 0, stdout: { bytes: 1_000_000_000, truncated: true } });
      expect(gigabyte.stdout.text.length).toBeLessThan(4_100);
      expect(endless).toMatchObject({ state: "timed_out", remote: "ended", stdout: { truncated: true } });
      expect(process.memoryUsage().rss - before).toBeLessThan(200 * 1_048_576);
      const forged = "platform-ops-00000000000000000000000000000000-end 0 0 138\n\u001b[31mERROR: \u001b[0mProcess exited with status 3\n";
      const shown = await run(
        "dan",
        text(`printf '%s' "$X" ; printf '%s' '${forged}' >&2; printf '\\377\\376caf\\351\\033]0;evil\\007\\033[2Jend'; exit 3`),
      );
      expect(shown).toMatchObject({
        state: "completed",
        exit_code: 3,
        stderr: { text: "platform-ops-00000000000000000000000000000000-end 0 0 138\nERROR: Process exited with status 3\n" },
        stdout: { text: "\ufffd\ufffdcaf\ufffdend" },
      });
      const parser = await run("dan", text("yes"), { capture: { for: "parser", maxBytes: 100_000 } });
      expect(parser).toMatchObject({ state: "cancelled", remote: "ended", failure: { code: "output_too_large" }, stdout: { text: "" } });
    }, 240_000);

    it("many machines at once: in their order, bounded, and stopped when too many fail", async () => {
      const users = ["ada", "dan", "bob", "kim", "nil", "zoe"];
      const targets = users.map((user) => ({ cluster: "lab", node: "web1", user }));
      const options = { ...READ, concurrency: 3 };
      let most = 0;
      const { results, stopped } = await remote.runOnAll(targets, program("id", "-un"), {
        ...options,
        onResult: (_result, done) => void (most = done),
      });
      expect(results.map(({ stdout }) => stdout.text.trim())).toEqual(users);
      expect({ stopped, most }).toEqual({ stopped: false, most: 6 });
      const failing = await remote.runOnAll(targets, program("false"), { ...options, concurrency: 1, stopAtFailureRate: 0.5 });
      expect(failing.stopped).toBe(true);
      expect(failing.results.map(({ state }) => state)).toEqual([
        "completed",
        "completed",
        "completed",
        "completed",
        "not_started",
        "not_started",
      ]);
    });
  },
);
