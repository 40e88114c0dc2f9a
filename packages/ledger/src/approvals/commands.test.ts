import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { OpsError } from "@platform-ops/errors";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Terminal } from "../command.ts";
import { type TemporaryLedger, makeTemporarySigner, openTemporaryLedger, temporaryPolicy } from "../testing.ts";
import type { ApprovalRecord, NewApprovalRequest } from "./approval.ts";
import { approvalCommands } from "./commands.ts";
import { openApprovals } from "./open-approvals.ts";

let ledger: TemporaryLedger;
let delivered: ApprovalRecord[];
let deliver: (record: ApprovalRecord) => Promise<string>;
let out: string;
let err: string;
let asked: string[];

beforeEach(async () => {
  ledger = await openTemporaryLedger();
  [delivered, out, err, asked] = [[], "", "", []];
  deliver = async (record) => `run ${record.run_id} goes on (${delivered.push(record)})`;
});
afterEach(async () => ledger.dispose());

async function open(change: Partial<NewApprovalRequest> = {}): Promise<string> {
  const request = await ledger.approvals.request({
    server: "terraform",
    run_id: "run-1",
    kind: "apply",
    environment: "default",
    requester: "agent:zed@ann",
    subject: [{ what: "terraform:vpc", digest: "a".repeat(64) }],
    title: "Apply vpc",
    summary: "vpc: 3 to add",
    channels: ["elicit", "cli", "signed"],
    required: 1,
    expires_at: new Date(Date.now() + 3_600_000).toISOString(),
    ...change,
  });
  return request.id;
}

/** Runs a subcommand; `answers` means that a person sits at a terminal. */
async function run(
  name: string,
  positionals: string[],
  options: Record<string, string | boolean | string[]> = {},
  answers?: string[],
): Promise<number> {
  const terminal: Terminal = {
    stdout: (text) => void (out += text),
    stderr: (text) => void (err += text),
    isTTY: answers !== undefined,
    color: false,
    columns: 80,
    ...(answers === undefined ? {} : { ask: async (question: string) => (asked.push(question), answers.shift() ?? "") }),
  };
  const command = approvalCommands({
    ...ledger,
    user: "ann",
    deliver: { server: "terraform", send: async (record) => deliver(record) },
  }).find((each) => each.name === name);
  return command!.run({ positionals, options }, undefined, terminal, new AbortController().signal);
}

const refusals = async () => (await ledger.audit.read()).filter(({ kind }) => kind === "approval_refused");

describe("approve", () => {
  it("shows exactly what will happen, takes the typed words, and hands the decision on", async () => {
    const details = await ledger.artifacts.put("+ aws_vpc.main\n");
    const id = await open({ details });
    expect(await run("approve", [id], { reason: "agreed in chat" }, ["apply default"])).toBe(0);
    expect(out).toContain("vpc: 3 to add");
    expect(out).toContain("+ aws_vpc.main");
    expect(out).toContain("a".repeat(64));
    expect(delivered).toMatchObject([{ decision: "approved", channel: "cli", approver: "tty:ann", reason: "agreed in chat" }]);
    expect(out).toContain("run run-1 goes on");
  });

  it.each(["", "y", "yes", "apply", "Apply default", "approve"])("leaves the request open on %j", async (answer) => {
    const id = await open();
    expect(await run("approve", [id], {}, [answer])).toBe(1);
    expect((await ledger.approvals.get(id)).status).toBe("open");
    expect(delivered).toEqual([]);
  });

  it("refuses without a terminal, on record", async () => {
    const id = await open();
    expect(await run("approve", [id])).toBe(2);
    expect(err).toContain("terminal");
    expect(await refusals()).toMatchObject([{ actor: "tty:ann", what: "approve", id }]);
    expect((await ledger.approvals.get(id)).status).toBe("open");
  });

  it("refuses a forged id, on record", async () => {
    await expect(run("approve", ["apr_01JNZZZZZZZZZZZZZZZZZZZZZZ"], {}, ["apply default"])).rejects.toMatchObject({
      code: "approval_not_found",
    });
    expect(await refusals()).toMatchObject([{ code: "approval_not_found" }]);
  });

  it("does not ask when what it must show is gone", async () => {
    const details = await ledger.artifacts.put("plan");
    const id = await open({ details });
    await ledger.artifacts.delete(details);
    await expect(run("approve", [id], {}, ["apply default"])).rejects.toMatchObject({ code: "artifact_missing" });
    expect(asked).toEqual([]);
  });

  it("cannot be made to show something else by control characters", async () => {
    const id = await open({
      title: "Apply vpc",
      summary: "destroy everything\u001b[1A\u001b[2Kharmless\r\u202Etxt",
      subject: [{ what: "terraform:vpc", digest: "a".repeat(64) }],
    });
    await run("approve", [id], {}, [""]);
    expect(out).toContain("destroy everything\\u{1b}[1A");
    expect(out).not.toMatch(/[\u001b\r\u202e]/);
  });

  it("sends the same decision again when it was not confirmed", async () => {
    const id = await open();
    deliver = async () => {
      throw new OpsError("not_confirmed", "No worker answered within 10 s.");
    };
    expect(await run("approve", [id], {}, ["apply default"])).toBe(1);
    expect(err).toContain("run the same command again");
    const [kept] = await ledger.approvals.records(id);
    deliver = async (record) => `${delivered.push(record)} confirmed`;
    expect(await run("approve", [id])).toBe(0);
    expect(delivered).toEqual([kept]);
    await expect(run("reject", [id], {}, ["reject"])).rejects.toMatchObject({ code: "approval_closed" });
  });

  it("leaves what another server asked for to that server's worker", async () => {
    const id = await open({ server: "other" });
    expect(await run("approve", [id], {}, ["apply default"])).toBe(0);
    expect(delivered).toEqual([]);
    expect(out).toContain("It is kept; the worker of the other server hands it to run-1");
  });

  it("takes exactly one id", async () => {
    await expect(run("approve", [], {}, [""])).rejects.toMatchObject({ code: "invalid_input" });
    await expect(run("approve", ["a", "b"], {}, [""])).rejects.toMatchObject({ code: "invalid_input" });
  });
});

describe("approve by signature", () => {
  beforeEach(async () => {
    const policy = temporaryPolicy([{ name: "prod", match: { config_paths: ["**/prod/**"] }, protected: true, channels: ["signed"] }], {
      signed: { allowed_signers: join(ledger.folder, "allowed_signers"), required: 2 },
    });
    ledger = { ...ledger, policy, approvals: openApprovals({ ...ledger, policy }) };
  });

  it("counts keys and hands the decision on when enough have signed", async () => {
    const [ann, bob] = [
      await makeTemporarySigner(ledger.folder, "ann@example.com"),
      await makeTemporarySigner(ledger.folder, "bob@example.com"),
    ];
    const id = await open({ environment: "prod" });
    await expect(run("approve", [id], {}, ["apply prod"])).rejects.toMatchObject({
      code: "approval_channel",
      hint: expect.stringContaining("--key"),
    });
    expect(asked).toEqual([]);
    expect(await run("approve", [id], { key: ann.key }, ["apply prod"])).toBe(0);
    expect(out).toContain("1 of 2");
    out = "";
    await run("show", [id], { signable: "approved" });
    const file = join(ledger.folder, "by-bob.sig");
    await writeFile(file, await bob.sign(out));
    expect(await run("approve", [id], { signature: [file] })).toBe(0);
    expect(delivered).toHaveLength(1);
    await ledger.approvals.verify(delivered[0]!, { run_id: "run-1", item: { what: "terraform:vpc", digest: "a".repeat(64) } });
  });

  it("says what is wrong with files that are none", async () => {
    const id = await open({ environment: "prod" });
    await expect(run("approve", [id], { signature: ["/nowhere"] })).rejects.toMatchObject({ code: "invalid_input" });
    await writeFile(join(ledger.folder, "large"), "x".repeat(30_000));
    await expect(run("approve", [id], { signature: [join(ledger.folder, "large")] })).rejects.toMatchObject({ code: "too_large" });
    await expect(run("approve", [id], { key: "/nowhere" })).rejects.toMatchObject({ code: "command_failed" });
  });
});

describe("the other subcommands", () => {
  it("reject decides, list and show tell", async () => {
    expect(await run("approvals", [])).toBe(0);
    expect(out).toContain("Nothing waits");
    const id = await open();
    out = "";
    await run("approvals", []);
    expect(out).toContain(id);
    expect(await run("reject", [id], { reason: "not today" }, ["reject"])).toBe(0);
    out = "";
    await run("approvals", [], { json: true });
    expect(JSON.parse(out)).toEqual({ approvals: [] });
    out = "";
    await run("show", [id]);
    expect(out).toContain("(rejected)");
    expect(out).toContain("rejected by tty:ann (cli)");
    expect(out).toContain("not today");
    out = "";
    await run("show", [id], { json: true });
    expect(JSON.parse(out)).toMatchObject({ request: { id, status: "rejected" }, records: [{ decision: "rejected" }] });
  });
});
