import { execFile, spawn } from "node:child_process";
import { promisify } from "node:util";
import { afterEach, describe, expect, it } from "vitest";
import { lives, until } from "../support/processes.ts";
import { SSHD_MISSING, SSHD_USERS_MISSING, startSshd, type Sshd, type SshdOptions } from "../support/sshd.ts";

const run = promisify(execFile);
const started: Sshd[] = [];

async function sshd(options?: SshdOptions): Promise<Sshd> {
  const server = await startSshd(options);
  started.push(server);
  return server;
}

afterEach(async () => {
  for (const server of started.splice(0)) await server.stop();
});

describe.skipIf(SSHD_MISSING !== undefined)(`the sshd of the tests${SSHD_MISSING === undefined ? "" : `: ${SSHD_MISSING}`}`, () => {
  it("runs a command for OpenSSH's client under a checked host key", async () => {
    const server = await sshd();
    expect((await run("ssh", [...server.sshArgs(), "echo", "here"])).stdout).toBe("here\n");
  });

  it("changes its host key under the same port", async () => {
    const server = await sshd();
    const key = await server.restartWithNewHostKey();
    expect(key).not.toBe(server.hostKey);
    await expect(run("ssh", [...server.sshArgs(), "true"])).rejects.toThrow("REMOTE HOST IDENTIFICATION HAS CHANGED");
  });

  it("ends its connections and what they run when it is stopped", async () => {
    const server = await startSshd();
    const client = spawn("ssh", [...server.sshArgs(), "sleep", "300"], { stdio: "ignore" });
    const pids = await until(() => (server.descendants().length >= 2 ? server.descendants() : undefined), "the session's processes");
    await server.stop();
    client.kill("SIGKILL");
    expect(await until(() => pids.every((pid) => !lives(pid)), "all of them to be gone", 10)).toBe(true);
  });
});

describe.skipIf(SSHD_USERS_MISSING !== undefined)(
  `accounts of the tests' sshd${SSHD_USERS_MISSING === undefined ? "" : `: ${SSHD_USERS_MISSING}`}`,
  () => {
    it("has accounts of its own with shells and start-up files, which the machine does not see", async () => {
      const users = [
        { name: "ops" },
        { name: "noisy", shell: "/bin/bash", files: { ".bashrc": "echo welcome\n" } },
        { name: "tiny", shell: "busybox:sh" },
      ];
      const server = await sshd({ users });
      const as = async (user: string, command: string): Promise<string> => (await run("ssh", [...server.sshArgs(user), command])).stdout;
      expect(await as("ops", "whoami; pwd; ls -A")).toBe(`ops\n${server.home("ops")}\n`);
      expect(await as("noisy", "whoami")).toBe("welcome\nnoisy\n");
      expect(await as("tiny", 'echo "$0"')).toBe("sh\n");
      await expect(run("id", ["ops"])).rejects.toThrow("no such user");
    });
  },
);
