import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { approvalCommands, openApprovals, type Approvals, type Environment, type Policy, type Terminal } from "@platform-ops/ledger";
import { makeTemporarySigner, openTemporaryLedger, temporaryPolicy, type TemporaryLedger } from "@platform-ops/ledger/testing";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { RemoteCommand } from "../command.ts";
import type { Verdict } from "../remote.ts";
import { judgeCommand, type Judged } from "./judge-command.ts";
import { permit, type PermitPort } from "./permit.ts";

const HOUR = 3_600_000;
let time: number;
let ledger: TemporaryLedger;
const now = (): Date => new Date(time);

beforeEach(async () => {
  time = Date.parse("2026-01-05T10:00:00.000Z");
  ledger = await openTemporaryLedger({ now });
});
afterEach(async () => ledger.dispose());

/** The approvals of the same data directory as another process with another policy sees them. */
const under = (policy: Policy): Approvals => openApprovals({ ...ledger, policy, now });
const port = (over: Partial<PermitPort> = {}): PermitPort => ({
  approvals: over.policy === undefined ? ledger.approvals : under(over.policy),
  policy: ledger.policy,
  requester: "agent:zed@ann",
  server: "flux-teleport",
  now,
  ...over,
});

const RESTART: RemoteCommand = { kind: "program", program: "systemctl", args: ["restart", "web"] };
function verdictOn(command: RemoteCommand = RESTART, over: Partial<Judged> = {}, policy: Policy = ledger.policy): Verdict {
  const cluster = {
    transport: "local" as const,
    teleport: { cluster: "staging", mode: "tsh" as const, insecure: false },
    ssh: { hosts: [], known_hosts: [], identity_files: [], via: "ssh2" as const },
    envelope: "watchdog" as const,
    sudo_timeout: "inside" as const,
  };
  const settings = { clusters: { staging: cluster }, timeout_seconds: 30, max_timeout_seconds: 900, concurrency: 25, remedies: {} };
  return judgeCommand(policy, settings, {
    target: { cluster: "staging", node: "web1", user: "deploy" },
    command,
    effect: "write",
    timeoutMs: 30_000,
    ...over,
  });
}
const TITLE = { title: "Restart\u202e web" };
const approve = async (id: string, decision: "approved" | "rejected" = "approved", reason?: string) =>
  ledger.approvals.decide({ id, decision, channel: "cli", approver: "tty:ann", ...(reason === undefined ? {} : { reason }) });

async function waiting(from: PermitPort = port(), verdict: Verdict = verdictOn()) {
  const found = await permit(from, verdict, TITLE);
  if ("consent" in found) throw new Error("expected a request");
  return found.waiting;
}

describe("a command that a person is asked about", () => {
  it("waits under one request, however often it is called, and runs once when approved", async () => {
    const request = await waiting();
    expect(request).toMatchObject({
      kind: "command",
      run_id: `call_${verdictOn().subject.digest.slice(0, 24)}`,
      environment: "default",
      requester: "agent:zed@ann",
      channels: ["elicit", "cli"],
      status: "open",
      title: String.raw`Restart\u{202e} web`,
    });
    expect(request.summary).toMatch(/On {10}web1 of cluster staging[^]*systemctl restart web[^]*Why asked {3}.*guarded/);
    expect((await waiting()).id).toBe(request.id);
    await approve(request.id);
    expect(await permit(port(), verdictOn(), TITLE)).toEqual({
      consent: { digest: verdictOn().subject.digest, approval: request.id, approver: "tty:ann" },
    });
    const next = await waiting();
    expect(next.id).not.toBe(request.id);
    expect((await ledger.approvals.list({ status: "open" })).map(({ id }) => id)).toEqual([next.id]);
    // That an approval is used up is nothing to be refused.
    expect((await ledger.audit.read()).filter(({ kind }) => kind === "approval_refused")).toEqual([]);
  });

  it("is no other one that claims to be the same call", async () => {
    const { run_id, subject, server, requester, channels, required, expires_at, environment } = await waiting();
    const [{ what }] = subject as [(typeof subject)[0]];
    const other = await ledger.approvals.request({
      run_id,
      server,
      requester,
      channels,
      required,
      expires_at,
      environment,
      kind: "command",
      subject: [{ what, digest: "0".repeat(64) }],
      title: "x",
      summary: "",
    });
    await approve(other.id);
    expect(await permit(port(), verdictOn(), TITLE)).toHaveProperty("waiting");
  });

  it.each<[string, RemoteCommand, Partial<Judged>]>([
    ["command", { ...RESTART, args: ["restart", "web2"] } as RemoteCommand, {}],
    ["input", { ...RESTART, stdin: "x" }, {}],
    ["machine", RESTART, { target: { cluster: "staging", node: "web2", user: "deploy" } }],
    ["login", RESTART, { target: { cluster: "staging", node: "web1", user: "root" } }],
    ["time limit", RESTART, { timeoutMs: 60_000 }],
  ])("of another %s finds no approval", async (_, command, over) => {
    await approve((await waiting()).id);
    expect(await permit(port(), verdictOn(command, over), TITLE)).toHaveProperty("waiting");
    expect(await permit(port(), verdictOn(), TITLE)).toHaveProperty("consent");
  });

  it("is not run twice by two that ask at the same time", async () => {
    await approve((await waiting()).id);
    const found = await Promise.all(Array.from({ length: 5 }, async () => permit(port(), verdictOn(), TITLE)));
    expect(found.filter((each) => "consent" in each)).toHaveLength(1);
  });

  it("is asked for anew when the request or the approval expired", async () => {
    const first = await waiting();
    expect(Date.parse(first.expires_at)).toBe(time + 24 * HOUR);
    time += 24 * HOUR;
    const second = await waiting();
    expect(second.id).not.toBe(first.id);
    await approve(second.id);
    time += 24 * HOUR;
    const third = await waiting();
    expect([first.id, second.id]).not.toContain(third.id);
  });

  it("stays open no longer than the policy says", async () => {
    const policy = temporaryPolicy([], { hours: 2 });
    expect(Date.parse((await waiting(port({ policy }))).expires_at)).toBe(time + 2 * HOUR);
  });

  it("that was rejected is refused with the reason, and not asked for again at once", async () => {
    const request = await waiting();
    await approve(request.id, "rejected", "not during the day");
    for (const after of [0, 9 * 60_000]) {
      time += after;
      await expect(permit(port(), verdictOn(), TITLE)).rejects.toMatchObject({
        code: "not_allowed",
        message: /rejected exactly this.*not during the day/,
      });
    }
    time += 60_000;
    expect((await waiting()).id).not.toBe(request.id);
  });

  it("needs no person where the policy does not ask, and gets none where it refuses", async () => {
    for (const verdict of ["run", "refuse"] as const)
      await expect(permit(port(), { ...verdictOn(), verdict }, TITLE)).rejects.toMatchObject({ code: "not_allowed" });
    expect(await ledger.approvals.list()).toEqual([]);
  });

  it("is not asked for when it cannot be shown whole", async () => {
    const long = verdictOn({ kind: "shell", text: `echo ${"x".repeat(20_000)}` });
    await expect(permit(port(), long, TITLE)).rejects.toMatchObject({ code: "too_large" });
  });

  it("is not approved by a record for another request, or one that was altered", async () => {
    const [mine, other] = [await waiting(), await waiting(port(), verdictOn({ kind: "shell", text: "reboot" }))];
    await approve(other.id);
    expect(await permit(port(), verdictOn(), TITLE)).toHaveProperty("waiting");
    await approve(mine.id);
    const path = ledger.dir.path("approvals", "records", `${mine.id}.json`);
    await writeFile(path, (await readFile(path, "utf8")).replace("tty:ann", "tty:bob"));
    expect((await waiting()).id).not.toBe(mine.id);
  });
});

describe("environments", () => {
  const staging = (over: Partial<Environment>): Environment => ({
    name: "staging",
    match: { clusters: ["staging"] },
    protected: false,
    channels: ["cli"],
    ...over,
  });

  it("that are protected take signatures only", async () => {
    const signer = await makeTemporarySigner(ledger.folder, "ann@example.com");
    const signed = { allowed_signers: join(ledger.folder, "allowed_signers"), required: 1 };
    const policy = temporaryPolicy([staging({ protected: true, channels: ["signed"] })], { signed });
    const mine = port({ policy });
    const request = await waiting(mine, verdictOn(RESTART, {}, policy));
    expect(request).toMatchObject({ environment: "staging", channels: ["signed"] });
    for (const channel of ["cli", "elicit"] as const)
      await expect(
        mine.approvals.decide({ id: request.id, decision: "approved", channel, approver: channel === "cli" ? "tty:ann" : "form:zed@ann" }),
      ).rejects.toMatchObject({ code: "approval_channel" });
    expect(await permit(mine, verdictOn(RESTART, {}, policy), TITLE)).toHaveProperty("waiting");
    await mine.approvals.addSignature(request.id, "approved", await signer.sign(await mine.approvals.signable(request.id, "approved")), "");
    expect(await permit(mine, verdictOn(RESTART, {}, policy), TITLE)).toMatchObject({ consent: { approver: /^key:SHA256:/ } });
  });

  it("that became protected meanwhile take no earlier approval", async () => {
    const before = temporaryPolicy([staging({})]);
    const request = await waiting(port({ policy: before }), verdictOn(RESTART, {}, before));
    await under(before).decide({ id: request.id, decision: "approved", channel: "cli", approver: "tty:ann" });
    const after = temporaryPolicy([staging({ protected: true, channels: ["signed"] })], {
      signed: { allowed_signers: join(ledger.folder, "allowed_signers"), required: 1 },
    });
    const next = await waiting(port({ policy: after }), verdictOn(RESTART, {}, after));
    expect(next.id).not.toBe(request.id);
    expect(next.channels).toEqual(["signed"]);
  });

  it("of another name take none of each other's approvals", async () => {
    // The machine moved from one to the other.
    const [one, two] = [["staging"], ["x"]].map((clusters) =>
      temporaryPolicy([staging({ match: { clusters } }), staging({ name: "other" })]),
    ) as [Policy, Policy];
    const request = await waiting(port({ policy: one }), verdictOn(RESTART, {}, one));
    await under(one).decide({ id: request.id, decision: "approved", channel: "cli", approver: "tty:ann" });
    expect((await waiting(port({ policy: two }), verdictOn(RESTART, {}, two))).environment).toBe("other");
  });

  it("in which only rules decide have nobody to ask", async () => {
    const policy = temporaryPolicy([staging({ channels: ["auto"] })]);
    await expect(permit(port({ policy }), verdictOn(RESTART, {}, policy), TITLE)).rejects.toMatchObject({ code: "approval_channel" });
  });
});

describe("the command line of any server", () => {
  async function run(name: string, id: string, answer: string) {
    const printed: string[] = [];
    const terminal: Terminal = {
      stdout: (text) => void printed.push(text),
      stderr: (text) => void printed.push(text),
      isTTY: true,
      color: false,
      columns: 80,
      ask: async () => answer,
    };
    // That of the server which asks: nothing of a command is sent even there.
    const deliver = { server: port().server, send: async () => Promise.reject(new Error("nothing waits for it")) };
    const commands = approvalCommands({ ...ledger, user: "ann", deliver });
    const code = await commands
      .find((each) => each.name === name)!
      .run({ positionals: [id], options: {} }, {}, terminal, new AbortController().signal);
    return { code, text: printed.join("") };
  }

  it("shows exactly what would run, decides it, and delivers nothing", async () => {
    const hostile: RemoteCommand = { kind: "program", program: "echo", args: ["a\u202eb\u001b[2Jc\u200b"] };
    const request = await waiting(port(), verdictOn(hostile));
    const shown = await run("show", request.id, "");
    expect(shown.text).toContain(String.raw`echo 'a\u{202e}b\u{1b}[2Jc\u{200b}'`);
    expect(shown.text).toMatch(/web1 of cluster staging[^]*As {10}deploy[^]*At most {5}30 s/);
    expect(await run("approve", request.id, "no")).toMatchObject({ code: 1 });
    const approved = await run("approve", request.id, "command default");
    expect(approved.code).toBe(0);
    expect(approved.text).toContain(String.raw`echo 'a\u{202e}b`);
    expect(approved.text).toMatch(/next equal call runs it, once, until 2026-01-06T10:00:00/);
    expect((await run("approve", request.id, "")).text).not.toContain("sent again");
    expect(await permit(port(), verdictOn(hostile), TITLE)).toHaveProperty("consent");
  });

  it("rejects it", async () => {
    const request = await waiting();
    expect(await run("reject", request.id, "reject")).toMatchObject({ code: 0, text: /It is not run\./ });
    await expect(permit(port(), verdictOn(), TITLE)).rejects.toMatchObject({ code: "not_allowed" });
  });
});

it("requests for commands go 30 days after they expired; others, and younger ones, stay", async () => {
  const run = await ledger.approvals.request({
    server: "terraform",
    run_id: "run-1",
    kind: "apply",
    environment: "default",
    requester: "agent:zed@ann",
    subject: [{ what: "terraform:vpc", digest: "0".repeat(64) }],
    title: "Apply",
    summary: "",
    channels: ["cli"],
    required: 1,
    expires_at: new Date(time + HOUR).toISOString(),
  });
  const used = await waiting();
  await approve(used.id);
  expect(await permit(port(), verdictOn(), TITLE)).toHaveProperty("consent");
  time += 31 * 24 * HOUR - 60_000;
  const young = await waiting(port(), verdictOn({ kind: "shell", text: "reboot" }));
  expect((await ledger.approvals.list()).map(({ id }) => id).sort()).toEqual([run.id, used.id, young.id].sort());
  time += 2 * 60_000;
  const next = await waiting();
  expect((await ledger.approvals.list()).map(({ id }) => id).sort()).toEqual([run.id, young.id, next.id].sort());
  expect(await ledger.approvals.usedAt(used.id, verdictOn().subject)).toBeUndefined();
});
