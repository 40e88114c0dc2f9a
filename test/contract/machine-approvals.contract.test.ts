import { connect, type AnswerForm } from "@platform-ops/mcp-kit/testing";
import { callTool } from "@platform-ops/mcp-kit";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { machinesServer, sshConfig, type MachinesServer } from "../support/flux-teleport.ts";
import { SSHD_MISSING, startSshd, type Sshd } from "../support/sshd.ts";

// A free command on a machine whose policy asks: nothing runs before a person decided about exactly that, and then once.

let sshd: Sshd;
let server: MachinesServer;

beforeAll(async () => {
  if (SSHD_MISSING === undefined) sshd = await startSshd();
});
afterAll(() => sshd?.stop());
beforeEach(async () => void (server = await machinesServer(sshd === undefined ? undefined : sshConfig(sshd))));
afterEach(() => server.remove());

const ID = { cluster: "staging", node: "web1", command: "echo it-ran" };
const yes: AnswerForm = async () => ({ action: "accept", content: { decision: "approve" } });

const call = async (args: Record<string, unknown>, answer?: AnswerForm, tool = "run_remote_command") => {
  await using client = await connect(server.definition, answer === undefined ? {} : { answer });
  return await client.call(tool, args);
};
const approvals = async () => (await server.deps.ledger()).approvals;
const decide = async (id: string, decision: "approved" | "rejected"): Promise<void> =>
  void (await (await approvals()).decide({ id, decision, channel: "cli", approver: "tty:tester" }));

describe.skipIf(SSHD_MISSING !== undefined)(
  `a free command under the guarded preset${SSHD_MISSING === undefined ? "" : `: ${SSHD_MISSING}`}`,
  () => {
    test("waits; the answer names the request, the command that approves, and what to do then", async () => {
      const { data, text, isError } = await call(ID);
      expect(isError).toBe(true);
      expect(data).toMatchObject({
        success: false,
        status: "awaiting_approval",
        exit_code: null,
        stdout: "",
        cluster: "staging",
        node: "web1",
        error: { code: "approval_needed" },
      });
      expect(data["approval"]).toMatch(/^apr_/);
      expect(text).toContain(`approve ${data["approval"]}`);
      expect(text).not.toContain("it-ran\n");
      // This client shows no forms: it is not told of one.
      expect(data["ways"]).toEqual([expect.stringMatching(/^at a terminal: .* approve apr_/)]);
      expect(text).not.toMatch(/by form/i);
      const request = await (await approvals()).get(data["approval"]);
      expect(request.summary).toContain("echo it-ran");
      expect(request).toMatchObject({ server: "flux-teleport", requester: expect.stringMatching(/^agent:.*@tester$/) });
      // Asked again it is the same request.
      expect((await call(ID)).data["approval"]).toBe(data["approval"]);
    });

    test("runs by the equal call once it is approved at a terminal, and not twice", async () => {
      const { data } = await call(ID);
      await decide(data["approval"], "approved");
      expect((await call(ID)).data).toMatchObject({ success: true, stdout: "it-ran\n" });
      const again = await call(ID);
      expect(again.data).toMatchObject({ success: false, status: "awaiting_approval" });
      expect(again.data["approval"]).not.toBe(data["approval"]);
    });

    test.each([
      ["command", { command: "echo it-ran; id" }],
      ["machine", { node: "web2" }],
      ["login", { user: "other" }],
      ["time limit", { timeout: 31 }],
    ])("another %s is not what was approved", async (_, other) => {
      const { data } = await call(ID);
      await decide(data["approval"], "approved");
      const { data: refused } = await call({ ...ID, ...other });
      expect(refused).toMatchObject({ success: false, status: "awaiting_approval" });
      expect(refused["approval"]).not.toBe(data["approval"]);
    });

    test("runs at once where the person approves by form, which shows the command", async () => {
      let shown = "";
      const { data } = await call(ID, async ({ message }) => {
        shown = message;
        return { action: "accept", content: { decision: "approve" } };
      });
      expect(data).toMatchObject({ success: true, stdout: "it-ran\n" });
      expect(shown).toContain("echo it-ran");
      expect(shown).toContain("web1");
    });

    test.each([
      ["declined", async () => ({ action: "decline" as const })],
      ["cancelled", async () => ({ action: "cancel" as const })],
      ["accepted without a decision", async () => ({ action: "accept" as const, content: {} })],
      ["answered outside the form", async () => ({ action: "accept" as const, content: { decision: "run it" } })],
    ])("a form that is %s decides nothing", async (_, answer) => {
      const { data } = await call(ID, answer);
      expect(data).toMatchObject({ success: false, status: "awaiting_approval" });
      expect(data["ways"]).toEqual(["by form: make the same call again", expect.stringContaining("at a terminal: ")]);
      expect((await (await approvals()).get(data["approval"])).status).toBe("open");
    });

    test("a rejection by form is a refusal, and is not asked for again", async () => {
      const { data } = await call(ID, async () => ({ action: "accept", content: { decision: "reject", reason: "not now" } }));
      expect(data["error"]).toMatchObject({ code: "not_allowed" });
      const again = await call(ID, yes);
      expect(again.data["error"]).toMatchObject({ code: "not_allowed" });
      expect(again.text).toContain("not now");
    });

    test("an answer to another question is not believed", async () => {
      const options = { client: { name: "forger", version: "1" }, canAsk: true };
      const asked = await callTool(server.definition, "run_remote_command", ID, options);
      const answer = { state: asked.ask!.state, action: "accept", content: { decision: "approve" } };
      const other = await callTool(server.definition, "run_remote_command", { ...ID, command: "id" }, { ...options, answer });
      expect(other.result.data).toMatchObject({ success: false, status: "awaiting_approval" });
      expect(other.result.text).toContain("was not believed");
      const forged = await callTool(server.definition, "run_remote_command", ID, {
        ...options,
        answer: { ...answer, state: `${answer.state}x` },
      });
      expect(forged.result.data).toMatchObject({ success: false, status: "awaiting_approval" });
    });

    test("many machines are one request, and run by one approval", async () => {
      const many = { cluster: "staging", nodes: ["web1", "web2"], command: "echo it-ran" };
      const { data } = await call(many, undefined, "run_on_nodes");
      expect(data).toMatchObject({ success: false, status: "awaiting_approval" });
      await decide(data["approval"], "approved");
      const fewer = await call({ ...many, nodes: ["web1"] }, undefined, "run_on_nodes");
      expect(fewer.data).toMatchObject({ success: false, status: "awaiting_approval" });
      const { data: ran } = await call(many, undefined, "run_on_nodes");
      expect(ran["results"]).toMatchObject([{ stdout: "it-ran\n" }, { stdout: "it-ran\n" }]);
    });

    test("the locked preset refuses; typed reads run", async () => {
      await server.remove();
      server = await machinesServer(
        sshConfig(sshd, { environments: [{ name: "test", match: { clusters: ["staging"] }, remote: { preset: "locked" } }] }),
      );
      expect((await call(ID, yes)).data["error"]).toMatchObject({ code: "not_allowed" });
      expect((await call({ cluster: "staging", node: "web1" }, undefined, "verify_ssh_access")).data).toMatchObject({ accessible: true });
    });
  },
);
