// The emulated tsh says what a real one said (13.3.8, recorded on a real cluster): the same stdout, stderr and exit for the same words.
//
// Left out of the recording, and why: `scp` and `request search` (nothing of ours calls them); debug logs (never asked for);
// `ls --format=yaml`; aliases (a folder of tsh's own configuration); a remote `env` (of that machine); a shell without a command and
// `-N` (they never end); 100 KB arguments and 10 MB outputs (see teleport-transport.test.ts); OpenSSH alone (see openssh's tests).
// What was measured by scripts (kills, deaths midway, races) is in teleport-transport.test.ts.
//
// Made equal before it is compared: the lab's folder, the machine's own name, account and home, what is left of a login
// (`[valid for …]`), when a node was last heard of, and the id of a newly made request.
import { spawn } from "node:child_process";
import { chmodSync, createReadStream, mkdirSync, writeFileSync } from "node:fs";
import { homedir, hostname, userInfo } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { SSHD_MISSING, startSshd, type Sshd } from "../support/sshd.ts";
import { recordedCases, type RecordedCase } from "../support/tsh/recorded.ts";
import { startTsh, type EmulatedTsh } from "../support/tsh/start-tsh.ts";
import type { EmulatedTeleport } from "../support/tsh/state.ts";

const LAB = "/srv/lab";
const ENDS = "2026-11-20T21:01:21Z";

/** The state in which a case was recorded, where it is not the usual one. */
const STATES: Readonly<Record<string, (state: EmulatedTeleport, home: string) => void>> = {
  // `tsh --insecure clusters` and another user than the one who logged in: the profile has no key for them.
  clusters: (state, home) => (state.profiles[home] = { proxy: "127.0.0.1:23180", user: "bob", logins: {} }),
  "ls-wrong-user-flag": (state, home) => loggedIn(state, home, "bob", "2026-11-20T22:08:41Z"),
  "env-user-profile": (state, home) => loggedIn(state, home, "bob", "2026-11-20T22:08:41Z"),
  "status-two-users": (state, home) => loggedIn(state, home, "bob", "2026-11-20T22:08:41Z"),
  "status-two-users-json": (state, home) => loggedIn(state, home, "bob", "2026-11-20T22:08:41Z"),
  "status-bob-profile-json": (state, home) => loggedIn(state, home, "bob", "2026-11-20T22:07:54Z"),
  "logout-one": (state, home) => loggedIn(state, home, "bob", "2026-11-20T22:08:41Z"),
  "ssh-node-down": (state) => down(state, "web2"),
  "ssh-multi-one-node-down": (state) => down(state, "web2"),
  "ssh-proxy-process-down": (state) => (state.proxies = []),
  "status-identity-proxy-down": (state) => (state.proxies = []),
  "ls-locked-user": lockBob,
  "ssh-locked-user": lockBob,
  "request-ls-bob-json": aRequest,
};
const LOGGED_IN =
  /^(?:env-only-ls|env-proxy-other.*|ls-profile.*|ssh-profile|status-logged-in.*|version-logged-in.*|logout|version-proxy-down)$/;
const EXPIRED = /^(?:ls-expired|ssh-expired|status-expired.*)$/;
/** Cases whose recorded state cannot be had again, one reason each. */
const NOT_COMPARED: Readonly<Record<string, string>> = {
  "q-glob": "names of files of that machine",
  "request-ls-bob": "a table with spans of time; its JSON is compared",
  "tsh-request-create-profile": "a profile of two users, of which one made the request; request-create-nowait is compared",
};

function loggedIn(state: EmulatedTeleport, home: string, user: string, valid_until: string): void {
  state.profiles[home] = { proxy: "127.0.0.1:23180", user, logins: { [user]: { valid_until } } };
}

function down(state: EmulatedTeleport, name: string): void {
  for (const node of state.nodes) if (node.hostname === name) node.down = true;
}

function lockBob(state: EmulatedTeleport): void {
  const bob = state.users["bob"];
  if (bob !== undefined) bob.lock = "fixture lock";
}

function aRequest(state: EmulatedTeleport): void {
  state.requests = [
    {
      id: "3e1eb92a-9c15-43dc-b4b1-a7721103ec2d",
      user: "bob",
      roles: ["loop-ssh"],
      resources: [],
      state: 1,
      created: "2026-11-20T20:55:33.152887669Z",
      expires: "2026-11-20T21:55:33.152961962Z",
      access_expires: "2026-11-21T20:53:30.999914295Z",
      serial: "1795208133153592887",
      reason: "fixture",
    },
  ];
}

describe.skipIf(SSHD_MISSING !== undefined)(`the emulated tsh ${SSHD_MISSING ?? ""}`, () => {
  let sshd: Sshd;
  let tsh: EmulatedTsh;
  let lab: string;
  let fresh: string;

  beforeAll(async () => {
    sshd = await startSshd();
    tsh = await startTsh(sshd);
    lab = join(tsh.folder, "lab");
    // The machine's account has to get at what is put there for it.
    chmodSync(tsh.folder, 0o755);
    for (const folder of ["etc", "home/tsh", "home/other", "home/clean"]) mkdirSync(join(lab, folder), { recursive: true });
    const argv = '#!/bin/sh\ni=0\nfor word in "$@"; do printf "[%d]=<%s>\\n" "$i" "$word"; i=$((i+1)); done\necho "n=$i"\n';
    writeFileSync(join(lab, "etc/argv.sh"), argv, { mode: 0o755 });
    writeFileSync(join(lab, "etc/in.txt"), "line1\nline2");
    for (const name of ["alice", "bob", "loose", "expired", "garbage"]) writeFileSync(join(lab, `etc/${name}.id`), "x");
    tsh.change((state) => {
      state.identities = {
        [`${lab}/etc/alice.id`]: { user: "alice", valid_until: "2026-11-21T20:53:31Z" },
        [`${lab}/etc/bob.id`]: { user: "bob", valid_until: "2026-11-21T20:53:31Z" },
        [`${lab}/etc/loose.id`]: { user: "alice", valid_until: "2026-11-21T20:53:31Z" },
        [`${lab}/etc/expired.id`]: { user: "alice", valid_until: "2026-11-20T20:54:00Z" },
        // Recorded from the lab's own folder.
        "etc/bob.id": { user: "bob", valid_until: "2026-11-21T20:53:31Z" },
        "etc/expired.id": { user: "alice", valid_until: "2026-11-20T20:54:00Z" },
      };
      state.now = "2026-11-20T20:54:31Z";
      delete state.journal;
    });
    fresh = JSON.stringify(tsh.state());
  });
  afterAll(async () => {
    tsh.remove();
    await sshd.stop();
  });

  const cases = recordedCases().filter(({ name }) => NOT_COMPARED[name] === undefined);

  test.each(cases.map((recorded) => [recorded.name, recorded] as const))("%s", async (name, recorded) => {
    const home = join(lab, "home", "tsh");
    tsh.change((state) => {
      Object.assign(state, { ...(JSON.parse(fresh) as EmulatedTeleport), profiles: {} });
      if (LOGGED_IN.test(name)) loggedIn(state, home, "alice", ENDS);
      if (EXPIRED.test(name)) loggedIn(state, home, "alice", "2026-11-20T20:54:00Z");
      STATES[name]?.(state, home);
    });
    followRecordedEnd(recorded, home);
    const got = await run(recorded, home);
    expect({ exit: got.exit, stderr: equal(got.stderr), stdout: equal(got.stdout) }).toEqual({
      exit: recorded.exit,
      stderr: equal(recorded.stderr),
      stdout: equal(recorded.stdout),
    });
  });

  /** Where a status tells of another end of the login than the usual one, the state is told so. */
  function followRecordedEnd(recorded: RecordedCase, home: string): void {
    const text = recorded.stdout.toString("utf8");
    const until = /"valid_until": "([^"]+)"/.exec(text)?.[1] ?? /Valid until: +(\S+) (\S+) /.exec(text)?.slice(1, 3).join("T").concat("Z");
    if (until === undefined) return;
    tsh.change((state) => {
      const identity = recorded.argv[recorded.argv.indexOf("-i") + 1]?.replace(LAB, lab) ?? "";
      const byIdentity = recorded.argv.includes("-i") ? state.identities[identity] : undefined;
      const user = /"username": "(\w+)"|Logged in as: +(\w+)/.exec(text)?.slice(1).find(Boolean) ?? "alice";
      if (byIdentity !== undefined) byIdentity.valid_until = until;
      else if (recorded.env["TELEPORT_IDENTITY_FILE"] === undefined) loggedIn(state, home, user, until);
      else (state.identities[`${lab}/etc/alice.id`] ?? { valid_until: "" }).valid_until = until;
      if (recorded.exit === 1) state.now = new Date(Date.parse(until) + 1000).toISOString();
      else if (Date.parse(until) < Date.parse(state.now ?? "")) state.now = new Date(Date.parse(until) - 30_000).toISOString();
    });
  }

  /** What cannot be the same, made equal. */
  function equal(output: Buffer): string {
    return output
      .toString("latin1")
      .replaceAll(tsh.path, `${LAB}/bin/tsh`)
      .replaceAll(lab, LAB)
      .replaceAll(new RegExp(`^${hostname()}$`, "gm"), "vm")
      .replaceAll(new RegExp(`^${sshd.user}$`, "gm"), "root")
      .replaceAll(sshd.user === userInfo().username ? homedir() : sshd.home(sshd.user), "/root")
      .replaceAll(/"expires": "2026-11-20T21[^"]*",(\s+)"id": \d+/g, '"expires": "…",$1"id": 0')
      .replaceAll(/\[valid for [^\]]*\]/g, "[valid for …]")
      .replaceAll(/^(Request ID: +)\S+/gm, "$1…")
      .replaceAll(/^(Access Expires: +)\S+ \S+/gm, "$1…");
  }

  function run(recorded: RecordedCase, home: string): Promise<{ exit: number | null; stdout: Buffer; stderr: Buffer }> {
    const here = (text: string): string => text.replaceAll(LAB, lab);
    const env = Object.fromEntries(Object.entries(recorded.env).map(([key, value]) => [key, here(value)]));
    const child = spawn(tsh.path, recorded.argv.map(here), {
      cwd: lab,
      env: { PATH: dirname(process.execPath), HOME: home, USER: "root", TELEPORT_HOME: home, ...env },
      stdio: [recorded.stdin === undefined ? "ignore" : "pipe", "pipe", "pipe"],
    });
    if (recorded.stdin !== undefined && child.stdin !== null && recorded.stdin.endsWith("in.txt")) {
      createReadStream(join(lab, "etc/in.txt")).pipe(child.stdin);
    } else child.stdin?.end();
    const streams = { stdout: [] as Buffer[], stderr: [] as Buffer[] };
    child.stdout?.on("data", (chunk: Buffer) => streams.stdout.push(chunk));
    child.stderr?.on("data", (chunk: Buffer) => streams.stderr.push(chunk));
    return new Promise((resolve, reject) => {
      child.on("error", reject);
      child.on("close", (exit) => resolve({ exit, stdout: Buffer.concat(streams.stdout), stderr: Buffer.concat(streams.stderr) }));
    });
  }
});
