import { randomBytes } from "node:crypto";
import { chmod, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { openDataDirectory } from "../data-directory.ts";
import { openKeys } from "../keys.ts";
import type { Environment } from "../settings/policy.ts";
import { type TemporaryLedger, type TemporarySigner, makeTemporarySigner, openTemporaryLedger, temporaryPolicy } from "../testing.ts";
import { ApprovalFiles } from "./approval-files.ts";
import type { ApprovalRecord, ApprovalRequest, Approvals, NewApprovalRequest } from "./approval.ts";
import { openApprovals } from "./open-approvals.ts";
import { requestDigest } from "./shapes.ts";

const HOUR = 3_600_000;
const START = Date.parse("2026-03-01T12:00:00.000Z");
const VPC = { what: "terraform:vpc", digest: "a".repeat(64) };
const DNS = { what: "terraform:dns", digest: "b".repeat(64) };
const ENVIRONMENTS: Environment[] = [
  { name: "prod", match: { config_paths: ["**/prod/**"] }, protected: true, channels: ["signed"] },
  { name: "staging", match: { config_paths: ["**/staging/**"] }, protected: false, channels: ["cli"] },
  { name: "dev", match: { config_paths: ["**/dev/**"] }, protected: false, channels: ["elicit", "cli", "auto"] },
];

let time: number;
let ledger: TemporaryLedger;
let approvals: Approvals;
const now = (): Date => new Date(time);

function newRequest(change: Partial<NewApprovalRequest> = {}): NewApprovalRequest {
  return {
    server: "terraform",
    run_id: "run-1",
    kind: "apply",
    environment: "dev",
    requester: "agent:zed@ann",
    subject: [VPC, DNS],
    title: "Apply 2 workspaces",
    summary: "vpc: 3 to add\ndns: 1 to change",
    channels: ["elicit", "cli", "auto", "signed"],
    required: 1,
    expires_at: new Date(time + HOUR).toISOString(),
    ...change,
  };
}

async function approved(change: Partial<NewApprovalRequest> = {}): Promise<ApprovalRecord> {
  const { id } = await approvals.request(newRequest(change));
  return approvals.decide({ id, decision: "approved", channel: "cli", approver: "tty:ann" });
}

/** The codes of all refusals on record. */
async function refusals(): Promise<(string | undefined)[]> {
  const entries = await ledger.audit.read({ date: now().toISOString().slice(0, 10) });
  return entries.filter(({ kind }) => kind === "approval_refused").map(({ code }) => code);
}

/** The attempt runs already: only the last refusal is known to be its own. */
async function expectRefused(attempt: Promise<unknown>, code: string, message = /./): Promise<void> {
  await expect(attempt).rejects.toMatchObject({ code, message: expect.stringMatching(message) });
  refused += 1;
  expect(await refusals()).toHaveLength(refused);
  expect((await refusals()).at(-1)).toBe(code);
}

let refused = 0;
beforeEach(async () => {
  refused = 0;
  time = START;
  ledger = await openTemporaryLedger({
    now,
    policy: temporaryPolicy(ENVIRONMENTS, { auto: [{ environments: ["dev"], workspaces: ["v*"], changes: ["create", "update"] }] }),
  });
  ({ approvals } = ledger);
});
afterEach(async () => ledger.dispose());

describe("a request", () => {
  it("is kept once under its id, sorted, with the channels that the policy accepts", async () => {
    const input = newRequest({ id: "apr_01JNZZZZZZZZZZZZZZZZZZZZZZ", environment: "staging" });
    const first = await approvals.request(input);
    expect(first.subject.map(({ what }) => what)).toEqual(["terraform:dns", "terraform:vpc"]);
    expect(first).toMatchObject({ channels: ["cli"], status: "open" });
    time += 1000;
    expect(await approvals.request(input)).toEqual(first);
    await expect(approvals.request({ ...input, title: "Another" })).rejects.toMatchObject({ code: "already_exists" });
  });

  it.each([
    ["an environment that the policy does not know", { environment: "mars" }, "approval_channel"],
    ["no channel that is accepted", { environment: "prod", channels: ["elicit" as const, "cli" as const] }, "approval_channel"],
    ["the same thing twice", { subject: [VPC, VPC] }, "invalid_input"],
    ["nothing", { subject: [] }, "invalid_input"],
    ["a time that is over", { expires_at: new Date(START - 1).toISOString() }, "invalid_input"],
    ["more time than the policy gives", { expires_at: new Date(START + 100 * HOUR).toISOString() }, "invalid_input"],
    ["a path for an id", { id: "apr_../../../../etc/x" }, "invalid_input"],
    ["an unknown requester", { requester: "root" }, "invalid_input"],
  ])("is refused when it asks for %s", async (_, change, code) => {
    await expect(approvals.request(newRequest(change))).rejects.toMatchObject({ code });
  });

  it("expires by itself", async () => {
    const { id } = await approvals.request(newRequest());
    time += HOUR;
    expect((await approvals.get(id)).status).toBe("expired");
    expect(await approvals.list({ status: "open" })).toEqual([]);
  });

  it("is not approved by closing it", async () => {
    const { id } = await approvals.request(newRequest());
    await expect(approvals.close(id, "approved")).rejects.toMatchObject({ code: "invalid_input" });
    await approvals.close(id, "superseded");
    expect((await approvals.get(id)).status).toBe("superseded");
    await expectRefused(approvals.decide({ id, decision: "approved", channel: "cli", approver: "tty:ann" }), "approval_closed");
  });

  it("that was altered on disk is refused, and does not hide the others", async () => {
    const { id } = await approvals.request(newRequest());
    const other = await approvals.request(newRequest());
    const file = ledger.dir.path("approvals", "requests", `${id}.json`);
    await writeFile(file, (await readFile(file, "utf8")).replace("Apply 2 workspaces", "Apply 1 workspaces"));
    await expectRefused(approvals.decide({ id, decision: "approved", channel: "cli", approver: "tty:ann" }), "approval_invalid");
    expect((await approvals.list()).map((request) => request.id)).toEqual([other.id]);
    // With all digests made to fit, what is missing is the key.
    const { kept, mac } = JSON.parse(await readFile(ledger.dir.path("approvals", "requests", `${other.id}.json`), "utf8")) as {
      kept: ApprovalRequest;
      mac: string;
    };
    const changed = { ...kept, title: "Something harmless" };
    await writeFile(file.replace(id, other.id), JSON.stringify({ kept: { ...changed, digest: requestDigest(changed) }, mac }));
    await expectRefused(approvals.decide({ id: other.id, decision: "approved", channel: "cli", approver: "tty:ann" }), "approval_invalid");
  });
});

describe("a decision", () => {
  it("is made once, verified, and used once for each item", async () => {
    const record = await approved();
    expect(record).toMatchObject({ decision: "approved", approver: "tty:ann", channel: "cli", requester: "agent:zed@ann" });
    await approvals.verify(record, { run_id: "run-1", item: VPC });
    await approvals.consume(record, VPC, "run-1/apply-vpc");
    await approvals.consume(record, DNS, "run-1/apply-dns");
    await approvals.consume(record, VPC, "run-1/apply-vpc");
    await expectRefused(approvals.consume(record, VPC, "run-2/apply-vpc"), "approval_used");
  });

  it("cannot be made twice", async () => {
    const record = await approved();
    await expectRefused(
      approvals.decide({ id: record.request_id, decision: "rejected", channel: "cli", approver: "tty:ann" }),
      "approval_closed",
    );
    expect(await approvals.records(record.request_id)).toEqual([record]);
  });

  it("has one winner when many race", async () => {
    const { id } = await approvals.request(newRequest());
    const tries = await Promise.allSettled(
      Array.from({ length: 20 }, async (_, index) =>
        approvals.decide({ id, decision: index % 2 ? "approved" : "rejected", channel: "elicit", approver: `form:zed@u${index}` }),
      ),
    );
    expect(tries.filter(({ status }) => status === "fulfilled")).toHaveLength(1);
    expect((await refusals()).every((code) => code === "approval_closed")).toBe(true);
  });

  it("of a forged id is refused", async () => {
    for (const id of ["apr_01JNZZZZZZZZZZZZZZZZZZZZZZ", "../records/x", "apr_", ""])
      await expectRefused(approvals.decide({ id, decision: "approved", channel: "cli", approver: "tty:ann" }), "approval_not_found");
  });

  it("after expiry is refused", async () => {
    const { id } = await approvals.request(newRequest());
    time += HOUR;
    await expectRefused(approvals.decide({ id, decision: "approved", channel: "cli", approver: "tty:ann" }), "approval_expired");
  });

  it("on a machine whose clock is behind is refused", async () => {
    const { id } = await approvals.request(newRequest());
    time -= HOUR;
    await expectRefused(approvals.decide({ id, decision: "approved", channel: "cli", approver: "tty:ann" }), "approval_invalid");
  });

  it.each([
    ["agent:zed@ann", "elicit"],
    ["agent:zed@ann", "cli"],
    ["agent:zed@ann", "auto"],
    ["tty:ann", "elicit"],
    ["form:zed@ann", "cli"],
    ["tty:ann", "auto"],
    ["key:SHA256:x", "cli"],
    ["policy:auto", "elicit"],
    ["", "cli"],
  ] as const)("by %j through %s is refused", async (approver, channel) => {
    const { id } = await approvals.request(newRequest());
    await expectRefused(
      approvals.decide({ id, decision: "approved", channel, approver }),
      "approval_invalid",
      approver.startsWith("agent:") ? /agent never approves/ : /cannot decide through/,
    );
    expect((await approvals.get(id)).status).toBe("open");
  });

  it("through a channel that the environment does not accept is refused", async () => {
    const { id } = await approvals.request(newRequest({ environment: "staging" }));
    await expectRefused(approvals.decide({ id, decision: "approved", channel: "elicit", approver: "form:zed@ann" }), "approval_channel");
  });

  it("that more than one must make is not made at a terminal", async () => {
    const { id } = await approvals.request(newRequest({ required: 2 }));
    await expectRefused(approvals.decide({ id, decision: "approved", channel: "cli", approver: "tty:ann" }), "approval_channel");
  });

  it("by claiming a signature is refused", async () => {
    const { id } = await approvals.request(newRequest());
    await expectRefused(
      approvals.decide({ id, decision: "approved", channel: "signed" as "cli", approver: "key:SHA256:x" }),
      "approval_channel",
    );
  });
});

describe("the policy itself", () => {
  const auto = async (change: Partial<NewApprovalRequest>): Promise<ApprovalRecord> => {
    const { id } = await approvals.request(newRequest({ subject: [VPC], ...change }));
    return approvals.decide({ id, decision: "approved", channel: "auto", approver: "policy:auto" });
  };

  it("approves what a rule names", async () => {
    const record = await auto({ changes: { "terraform:vpc": ["create", "update"] } });
    await expect(approvals.verify(record, { run_id: "run-1", item: VPC })).resolves.toBeUndefined();
  });

  it.each([
    ["another kind of change", { changes: { "terraform:vpc": ["create" as const, "delete" as const] } }],
    ["kinds that were not told", {}],
    ["no kind", { changes: { "terraform:vpc": [] } }],
    ["another workspace", { subject: [VPC, DNS], changes: { "terraform:vpc": ["create" as const], "terraform:dns": ["create" as const] } }],
  ])("does not approve %s", async (_, change) => expectRefused(auto(change), "approval_channel"));
});

describe("a record", () => {
  it("that was altered in any field is refused", async () => {
    const record = await approved({ details: "c".repeat(64) });
    const other = await approvals.request(newRequest({ run_id: "run-2" }));
    const changes: Record<keyof ApprovalRecord, unknown> = {
      version: 2,
      request_id: other.id,
      request_digest: other.digest,
      run_id: "run-2",
      decision: "rejected",
      subject: [VPC],
      requester: "tty:ann",
      approver: "tty:eve",
      channel: "elicit",
      environment: "default",
      reason: "because",
      decided_at: new Date(time - 1000).toISOString(),
      expires_at: new Date(time + 50 * HOUR).toISOString(),
      nonce: "0".repeat(32),
      mac: { key_id: record.mac!.key_id, value: "0".repeat(64) },
      signatures: [{ fingerprint: `SHA256:${"A".repeat(43)}`, principal: "eve", signature: "x" }],
    };
    for (const [field, value] of Object.entries(changes)) {
      await expectRefused(approvals.verify({ ...record, [field]: value } as ApprovalRecord, { run_id: "run-1" }), "approval_invalid");
    }
    for (const field of Object.keys(record)) {
      const { [field as keyof ApprovalRecord]: _, ...without } = record;
      await expectRefused(approvals.verify(without as ApprovalRecord, { run_id: "run-1" }), "approval_invalid");
    }
    await expectRefused(approvals.verify({ ...record, extra: 1 } as ApprovalRecord, { run_id: "run-1" }), "approval_invalid");
    await approvals.verify(record, { run_id: "run-1", item: VPC });
  });

  it.each([[undefined], [null], ["x"], [[]], [{}], [{ version: 1 }]])("that is none (%j) is refused", async (value) => {
    await expectRefused(approvals.verify(value as unknown as ApprovalRecord, { run_id: "run-1" }), "approval_invalid");
  });

  it("made with a key of another data directory is refused, as is one that claims our key", async () => {
    const record = await approved();
    const foreign = await openKeys(await openDataDirectory(join(ledger.folder, "elsewhere")));
    const mac = new ApprovalFiles(ledger.dir, foreign).recordMac(record);
    await expectRefused(
      approvals.verify({ ...record, mac: { key_id: foreign.id, value: mac } }, { run_id: "run-1" }),
      "approval_invalid",
      /not this data directory's/,
    );
    await expectRefused(
      approvals.verify({ ...record, mac: { key_id: ledger.keys.id, value: mac } }, { run_id: "run-1" }),
      "approval_invalid",
    );
  });

  it("for another run, another plan, or something not asked for is refused", async () => {
    const record = await approved({ subject: [VPC] });
    await expectRefused(approvals.verify(record, { run_id: "run-2" }), "approval_mismatch");
    await expectRefused(approvals.verify(record, { run_id: "run-1", item: DNS }), "approval_mismatch");
    await expectRefused(approvals.verify(record, { run_id: "run-1", item: { ...VPC, digest: "c".repeat(64) } }), "approval_mismatch");
    await expectRefused(approvals.consume(record, { ...VPC, digest: "c".repeat(64) }, "x"), "approval_mismatch");
  });

  it("that is late is refused, and so is one from the future", async () => {
    const record = await approved();
    time = START - HOUR;
    await expectRefused(approvals.verify(record, { run_id: "run-1" }), "approval_invalid");
    time = START + HOUR;
    await expectRefused(approvals.verify(record, { run_id: "run-1" }), "approval_expired");
  });

  it("of a rejection permits nothing", async () => {
    const { id } = await approvals.request(newRequest());
    const record = await approvals.decide({ id, decision: "rejected", channel: "elicit", approver: "form:zed@ann", reason: "not today" });
    await approvals.verify(record, { run_id: "run-1" });
    await expectRefused(approvals.verify(record, { run_id: "run-1", item: VPC }), "approval_invalid");
    await expectRefused(approvals.consume(record, VPC, "x"), "approval_invalid");
  });

  it("on a request none of whose channels the policy accepts any more comes by those of now, never by policy alone", async () => {
    const { id } = await approvals.request(newRequest({ channels: ["elicit"] }));
    const under = (...channels: Environment["channels"]) =>
      openApprovals({
        ...ledger,
        now,
        policy: temporaryPolicy([{ name: "dev", match: {}, protected: false, channels }], {
          auto: [{ environments: ["dev"], workspaces: ["*"], changes: ["create", "update"] }],
        }),
      });
    await expectRefused(
      under("cli", "auto").decide({ id, decision: "approved", channel: "elicit", approver: "form:zed@ann" }),
      "approval_channel",
      /decided by cli/,
    );
    await expectRefused(
      under("cli", "auto").decide({ id, decision: "approved", channel: "auto", approver: "policy:auto" }),
      "approval_channel",
    );
    await expectRefused(
      under("elicit", "cli").decide({ id, decision: "approved", channel: "cli", approver: "tty:ann" }),
      "approval_channel",
      /decided by elicit/,
    );
    const record = await under("cli").decide({ id, decision: "approved", channel: "cli", approver: "tty:ann" });
    await expect(under("cli").verify(record, { run_id: "run-1", item: VPC })).resolves.toBeUndefined();
    await expectRefused(under("elicit", "cli").verify(record, { run_id: "run-1" }), "approval_channel");
  });

  it("by a client with a looser policy than the worker's is refused by the worker", async () => {
    const record = await approved();
    const strict = openApprovals({
      ...ledger,
      now,
      policy: temporaryPolicy([{ name: "dev", match: {}, protected: true, channels: ["signed"] }]),
    });
    await expectRefused(strict.verify(record, { run_id: "run-1", item: VPC }), "approval_channel");
    await expectRefused(
      openApprovals({ ...ledger, now, policy: temporaryPolicy() }).verify(record, { run_id: "run-1" }),
      "approval_channel",
    );
  });

  it("beside the one that was kept is refused, though its MAC is good", async () => {
    const record = await approved();
    const { mac: _, ...fields } = { ...record, nonce: randomBytes(16).toString("hex") };
    const second = { ...fields, mac: { key_id: ledger.keys.id, value: new ApprovalFiles(ledger.dir, ledger.keys).recordMac(fields) } };
    await expectRefused(approvals.verify(second, { run_id: "run-1" }), "approval_invalid");
  });

  it("of a request that was superseded afterwards is refused", async () => {
    const record = await approved();
    await approvals.close(record.request_id, "superseded");
    await expectRefused(approvals.verify(record, { run_id: "run-1", item: VPC }), "approval_closed");
  });
});

describe("the channel signed", () => {
  let ann: TemporarySigner;
  let bob: TemporarySigner;
  let id: string;

  async function openWith(signed: { required: number; revoked?: string }): Promise<Approvals> {
    return openApprovals({
      ...ledger,
      now,
      policy: temporaryPolicy(ENVIRONMENTS, { signed: { allowed_signers: join(ledger.folder, "allowed_signers"), ...signed } }),
    });
  }

  beforeEach(async () => {
    ann = await makeTemporarySigner(ledger.folder, "ann@example.com");
    bob = await makeTemporarySigner(ledger.folder, "bob@example.com");
    approvals = await openWith({ required: 1 });
    ({ id } = await approvals.request(newRequest({ environment: "prod" })));
  });

  it("decides in a protected environment, and nothing else does", async () => {
    for (const [channel, approver] of [
      ["cli", "tty:ann"],
      ["elicit", "form:zed@ann"],
      ["auto", "policy:auto"],
    ] as const) {
      await expectRefused(approvals.decide({ id, decision: "approved", channel, approver }), "approval_channel");
    }
    const { record } = await approvals.addSignature(
      id,
      "approved",
      await ann.sign(await approvals.signable(id, "approved")),
      "ann@example.com",
    );
    expect(record).toMatchObject({ channel: "signed", approver: expect.stringMatching(/^key:SHA256:/) });
    await approvals.verify(record!, { run_id: "run-1", item: VPC });
    await approvals.consume(record!, VPC, "run-1/apply-vpc");
  });

  it("finds the signer's name", async () => {
    const { record } = await approvals.addSignature(id, "rejected", await bob.sign(await approvals.signable(id, "rejected")), "");
    expect(record?.signatures?.[0]?.principal).toBe("bob@example.com");
  });

  it("counts distinct keys", async () => {
    approvals = await openWith({ required: 2 });
    const text = await approvals.signable(id, "approved");
    expect(await approvals.addSignature(id, "approved", await ann.sign(text), ann.principal)).toEqual({ have: 1, need: 2 });
    expect(await approvals.addSignature(id, "approved", await ann.sign(text), ann.principal)).toEqual({ have: 1, need: 2 });
    const { record, have } = await approvals.addSignature(id, "approved", await bob.sign(text), bob.principal);
    expect(have).toBe(2);
    await approvals.verify(record!, { run_id: "run-1", item: DNS });
    // The holder of the directory's keys still cannot make two signers of one key.
    const [signature] = record!.signatures!;
    const { mac: _, ...fields } = { ...record!, signatures: [signature!, signature!], approver: `key:${signature!.fingerprint}` };
    const doubled = { ...fields, mac: { key_id: ledger.keys.id, value: new ApprovalFiles(ledger.dir, ledger.keys).recordMac(fields) } };
    await expectRefused(approvals.verify(doubled, { run_id: "run-1" }), "approval_invalid", /2 distinct keys must sign; 1 did/);
  });

  it("counts the same key under two names once", async () => {
    approvals = await openWith({ required: 2 });
    await writeFile(join(ledger.folder, "allowed_signers"), `ann,eve ${ann.publicKey}\n`, { mode: 0o600 });
    const signature = await ann.sign(await approvals.signable(id, "approved"));
    expect(await approvals.addSignature(id, "approved", signature, "ann")).toEqual({ have: 1, need: 2 });
    expect(await approvals.addSignature(id, "approved", signature, "eve")).toEqual({ have: 1, need: 2 });
  });

  it.each<[string, () => Promise<[string, string]>]>([
    ["in another namespace", async () => [await ann.sign(await approvals.signable(id, "approved"), "file"), ann.principal]],
    ["over the other decision", async () => [await ann.sign(await approvals.signable(id, "rejected")), ann.principal]],
    [
      "over another request",
      async () => [
        await ann.sign(await approvals.signable((await approvals.request(newRequest({ environment: "prod" }))).id, "approved")),
        ann.principal,
      ],
    ],
    [
      "by an unknown key",
      async () => [
        await (
          await makeTemporarySigner(ledger.folder, "eve@example.com", { allowed: false })
        ).sign(await approvals.signable(id, "approved")),
        "ann@example.com",
      ],
    ],
    [
      "by an unknown key without a name",
      async () => [
        await (
          await makeTemporarySigner(ledger.folder, "eve@example.com", { allowed: false })
        ).sign(await approvals.signable(id, "approved")),
        "",
      ],
    ],
    ["under another's name", async () => [await ann.sign(await approvals.signable(id, "approved")), bob.principal]],
    [
      "by a key whose time is over",
      async () => [
        await (
          await makeTemporarySigner(ledger.folder, "old@example.com", { options: 'valid-before="20200101"' })
        ).sign(await approvals.signable(id, "approved")),
        "old@example.com",
      ],
    ],
    [
      "by a key for other namespaces",
      async () => [
        await (
          await makeTemporarySigner(ledger.folder, "git@example.com", { options: 'namespaces="git"' })
        ).sign(await approvals.signable(id, "approved")),
        "git@example.com",
      ],
    ],
    ["that is none", async () => ["-----BEGIN SSH SIGNATURE-----\nAAAA\n-----END SSH SIGNATURE-----\n", ann.principal]],
    ["that is a flag", async () => ["-f", ann.principal]],
    ["of a name that is a flag", async () => [await ann.sign(await approvals.signable(id, "approved")), "-Oprint-pubkey"]],
  ])("refuses a signature %s", async (_, make) => {
    const [signature, principal] = await make();
    await expectRefused(approvals.addSignature(id, "approved", signature, principal), "approval_invalid");
    expect((await approvals.get(id)).status).toBe("open");
  });

  it("refuses a revoked key, also one revoked after it signed", async () => {
    const { record } = await approvals.addSignature(
      id,
      "approved",
      await ann.sign(await approvals.signable(id, "approved")),
      ann.principal,
    );
    const revoked = join(ledger.folder, "revoked");
    await writeFile(revoked, `${ann.publicKey}\n`, { mode: 0o600 });
    approvals = await openWith({ required: 1, revoked });
    await expectRefused(approvals.verify(record!, { run_id: "run-1", item: VPC }), "approval_invalid");
    const next = await approvals.request(newRequest({ environment: "prod" }));
    await expectRefused(
      approvals.addSignature(next.id, "approved", await ann.sign(await approvals.signable(next.id, "approved")), ann.principal),
      "approval_invalid",
    );
  });

  it("refuses all when the revocation file is gone or anybody may write who may sign", async () => {
    const signature = await ann.sign(await approvals.signable(id, "approved"));
    await expectRefused(
      (await openWith({ required: 1, revoked: join(ledger.folder, "none") })).addSignature(id, "approved", signature, ann.principal),
      "settings_invalid",
    );
    await writeFile(join(ledger.folder, "allowed_signers"), `${ann.principal} ${ann.publicKey}\n`);
    await chmod(join(ledger.folder, "allowed_signers"), 0o666);
    await expectRefused(approvals.addSignature(id, "approved", signature, ann.principal), "settings_invalid");
  });

  it("refuses a record that claims the channel without signatures", async () => {
    const { record } = await approvals.addSignature(
      id,
      "approved",
      await ann.sign(await approvals.signable(id, "approved")),
      ann.principal,
    );
    const { mac: _, signatures: __, ...fields } = record!;
    const forged = { ...fields, mac: { key_id: ledger.keys.id, value: new ApprovalFiles(ledger.dir, ledger.keys).recordMac(fields) } };
    await expectRefused(approvals.verify(forged, { run_id: "run-1" }), "approval_invalid");
  });
});
