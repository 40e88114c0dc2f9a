import { readFile, stat } from "node:fs/promises";
import { OpsError, isOpsError } from "@platform-ops/errors";
import { type Command, type CommandInput, type ExitCode, type Terminal, defineCommand } from "../command.ts";
import { COMMAND_REQUEST, type ApprovalRecord, type ApprovalRequest, type Decision } from "./approval.ts";
import { type ApprovalCommandPort, onlyId } from "./command-port.ts";
import { paintChanges, paintLabels } from "../terminal/change-marks.ts";
import { paint } from "../terminal/paint.ts";
import { detailsText, printable, requestText } from "./request-text.ts";
import { sign } from "./ssh-signature.ts";

const MAX_SIGNATURE_BYTES = 20_000;

/** `approve ID` or `reject ID`: at a terminal, or by SSH signature. */
export function decideCommand(port: ApprovalCommandPort, decision: Decision): Command {
  const verb = decision === "approved" ? "approve" : "reject";
  return defineCommand({
    name: verb,
    summary: decision === "approved" ? "Approve a request after seeing exactly what will happen" : "Reject a request",
    usage: `${verb} ID [--reason TEXT] [--key FILE | --signature FILE…] [--principal NAME]`,
    examples:
      decision === "approved"
        ? ["approve apr_…", "approve apr_… --key ~/.ssh/id_ed25519_sk", "approve apr_… --signature text.sig --principal ann@example.com"]
        : ['reject apr_… --reason "not today"'],
    options: {
      reason: { type: "string", description: "Why; kept with the decision and shown to the agent" },
      key: { type: "string", description: "Sign with this SSH key (ssh-keygen -Y sign); a hardware key asks for a touch" },
      signature: { type: "string", multiple: true, description: "A signature made elsewhere over the text of `show ID --signable`" },
      principal: { type: "string", description: "The signer's name in the allowed-signers file; found there by default" },
    },
    async run(input, _deps, terminal, signal) {
      const id = onlyId(input.positionals, verb);
      const request = await knownRequest(port, id, verb);
      const before = (await port.approvals.records(id))[0];
      // A decision that was recorded and not confirmed is sent again, the same one.
      if (before?.decision === decision && request.status === decision) {
        const again = request.kind === COMMAND_REQUEST || senderOf(port, request) === undefined ? "" : "; the decision is sent again";
        terminal.stdout(`${id} was ${decision} at ${before.decided_at} by ${printable(before.approver)}${again}.\n`);
        return deliver(port, request, before, terminal);
      }
      const record = wantsSignature(input)
        ? await bySignature(port, request, decision, input, terminal, signal)
        : await atTerminal(port, request, decision, input, terminal);
      return typeof record === "number" ? record : deliver(port, request, record, terminal);
    },
  });
}

const text = (input: CommandInput, name: string): string | undefined =>
  typeof input.options[name] === "string" ? input.options[name] : undefined;
const wantsSignature = (input: CommandInput): boolean => input.options["key"] !== undefined || input.options["signature"] !== undefined;

/** A forged id is put on record as well. */
async function knownRequest(port: ApprovalCommandPort, id: string, verb: string): Promise<ApprovalRequest> {
  return port.approvals.get(id).catch(async (error: unknown) => {
    await refused(port, verb, id, isOpsError(error) ? error.code : "unexpected");
    throw error;
  });
}

async function refused(port: ApprovalCommandPort, what: string, id: string, code: string): Promise<void> {
  await port.audit.append({ kind: "approval_refused", actor: `tty:${port.user}`, what, id, outcome: "refused", code });
}

async function atTerminal(
  port: ApprovalCommandPort,
  request: ApprovalRequest,
  decision: Decision,
  input: CommandInput,
  terminal: Terminal,
): Promise<ApprovalRecord | ExitCode> {
  const reason = text(input, "reason");
  const decide = async (): Promise<ApprovalRecord> =>
    port.approvals.decide({
      id: request.id,
      decision,
      channel: "cli",
      approver: `tty:${port.user}`,
      ...(reason === undefined ? {} : { reason }),
    });
  // What cannot be decided here is refused by the one that checks, before a person is asked for nothing.
  if (request.status !== "open" || !request.channels.includes("cli"))
    return decide().catch((error: unknown) => refuseWithWay(error, request));
  if (!terminal.isTTY || terminal.ask === undefined) {
    await refused(port, decision === "approved" ? "approve" : "reject", request.id, "approval_channel");
    terminal.stderr(
      "A decision is made at a terminal, by a person who reads what will happen. Run this command in one, or give --key or --signature.\n",
    );
    return 2;
  }
  if (!(await confirmed(port, request, decision, terminal))) return 1;
  return decide();
}

function refuseWithWay(error: unknown, request: ApprovalRequest): never {
  if (isOpsError(error) && error.code === "approval_channel" && request.channels.includes("signed")) {
    throw new OpsError("approval_channel", error.message, { hint: `Sign it: approve ${request.id} --key ~/.ssh/id_ed25519_sk` });
  }
  throw error;
}

/** Shows all of it, and takes only the typed words for a yes. */
async function confirmed(port: ApprovalCommandPort, request: ApprovalRequest, decision: Decision, terminal: Terminal): Promise<boolean> {
  const details = await detailsText(request, port.artifacts);
  terminal.stdout(paintChanges(terminal, `${paintLabels(terminal, requestText(request, []))}\n${details}\n`));
  const words = decision === "approved" ? `${printable(request.kind)} ${printable(request.environment)}` : "reject";
  const answer =
    (await terminal.ask?.(
      `Type "${words}" to ${decision === "approved" ? "approve" : "reject"}; anything else leaves the request open: `,
    )) ?? "";
  if (answer.trim() === words) return true;
  terminal.stderr("Left open; nothing was decided.\n");
  return false;
}

async function bySignature(
  port: ApprovalCommandPort,
  request: ApprovalRequest,
  decision: Decision,
  input: CommandInput,
  terminal: Terminal,
  signal: AbortSignal,
): Promise<ApprovalRecord | ExitCode> {
  const key = text(input, "key");
  if (key !== undefined && input.options["signature"] !== undefined)
    throw new OpsError("invalid_input", "Give --key or --signature, not both.");
  if (key !== undefined && terminal.isTTY && !(await confirmed(port, request, decision, terminal))) return 1;
  const signatures =
    key === undefined
      ? await readSignatures(input)
      : [await sign(await port.approvals.signable(request.id, decision), key, { env: port.signingEnvironment ?? {}, signal })];
  for (const signature of signatures) {
    const { record, have, need } = await port.approvals.addSignature(request.id, decision, signature, text(input, "principal") ?? "");
    if (record !== undefined) return record;
    terminal.stdout(`Signature accepted: ${have} of ${need} distinct keys.\n`);
  }
  return 0;
}

async function readSignatures(input: CommandInput): Promise<string[]> {
  const given = input.options["signature"];
  const paths = Array.isArray(given) ? given : [String(given)];
  return Promise.all(
    paths.map(async (path) => {
      try {
        if ((await stat(path)).size > MAX_SIGNATURE_BYTES) throw new OpsError("too_large", `${path} is too large for a signature.`);
        return await readFile(path, "utf8");
      } catch (error) {
        throw isOpsError(error) ? error : new OpsError("invalid_input", `The signature file ${path} cannot be read.`, { cause: error });
      }
    }),
  );
}

/** What sends decisions about runs of the server that asked; undefined where this bin knows none of them. */
function senderOf({ deliver: sender }: ApprovalCommandPort, { server }: ApprovalRequest): ApprovalCommandPort["deliver"] {
  return sender?.server === server ? sender : undefined;
}

/** The decision is kept whatever happens now; the run that waits, if one does, is told of it. */
async function deliver(port: ApprovalCommandPort, request: ApprovalRequest, record: ApprovalRecord, terminal: Terminal): Promise<ExitCode> {
  const decision = paint(terminal, record.decision === "approved" ? "good" : "bad", record.decision);
  terminal.stdout(`${record.request_id} ${decision} by ${printable(record.approver)}.\n`);
  if (request.kind === COMMAND_REQUEST) {
    terminal.stdout(
      record.decision === "approved" ? `The agent's next equal call runs it, once, until ${record.expires_at}.\n` : "It is not run.\n",
    );
    return 0;
  }
  const sender = senderOf(port, request);
  if (sender === undefined) {
    const { server, run_id } = request;
    terminal.stdout(
      `It is kept; the worker of the ${printable(server)} server hands it to ${printable(run_id)} within seconds, or as soon as it runs again.\n`,
    );
    return 0;
  }
  try {
    terminal.stdout(`${printable(await sender.send(record))}\n`);
    return 0;
  } catch (error) {
    if (!isOpsError(error)) throw error;
    const again = error.retryable ? " The decision is kept; run the same command again to send it again." : "";
    terminal.stderr(`${printable(error.message)} ${printable(error.hint)}${again}\n`);
    return 1;
  }
}
