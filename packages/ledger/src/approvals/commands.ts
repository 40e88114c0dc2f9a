import { OpsError } from "@platform-ops/errors";
import { type Command, defineCommand, type Terminal } from "../command.ts";
import { paintChanges, paintLabels } from "../terminal/change-marks.ts";
import { paint, type Tone } from "../terminal/paint.ts";
import { table } from "../terminal/table.ts";
import type { ApprovalRequest, Decision, RequestStatus } from "./approval.ts";
import { type ApprovalCommandPort, onlyId } from "./command-port.ts";
import { decideCommand } from "./decide-command.ts";
import { detailsOrNote, printable, requestText } from "./request-text.ts";

/** `approvals`, `show ID`, `approve ID`, `reject ID`. */
export function approvalCommands(port: ApprovalCommandPort): Command[] {
  return [listCommand(port), showCommand(port), decideCommand(port, "approved"), decideCommand(port, "rejected")];
}

function listCommand(port: ApprovalCommandPort): Command {
  return defineCommand({
    name: "approvals",
    summary: "List the requests that wait for a decision",
    usage: "approvals [--all] [--json]",
    examples: ["approvals", "approvals --all --json"],
    options: {
      all: { type: "boolean", description: "Also those that were decided, expired or superseded" },
      json: { type: "boolean", description: "As JSON" },
    },
    async run({ options }, _deps, terminal) {
      const requests = await port.approvals.list(options["all"] === true ? {} : { status: "open" });
      if (options["json"] === true) terminal.stdout(`${JSON.stringify({ approvals: requests }, undefined, 2)}\n`);
      else if (requests.length === 0) terminal.stdout("Nothing waits for a decision.\n");
      else
        terminal.stdout(
          table(terminal, [HEADING.map((word) => paint(terminal, "quiet", word)), ...requests.map((one) => rowOf(one, terminal))]),
        );
      return 0;
    },
  });
}

const HEADING = ["REQUEST", "STATUS", "ENVIRONMENT", "KIND", "UNTIL", "WHAT"];
const TONES: Partial<Record<RequestStatus, Tone>> = { open: "warning", approved: "good", rejected: "bad" };

function rowOf({ id, status, environment, kind, expires_at, title }: ApprovalRequest, terminal: Terminal): string[] {
  const cells = [environment, kind, expires_at.slice(0, 16), title].map((text) =>
    paintChanges(terminal, printable(text).replaceAll("\n", " ")),
  );
  return [id, paint(terminal, TONES[status] ?? "quiet", status), ...cells];
}

function showCommand(port: ApprovalCommandPort): Command {
  return defineCommand({
    name: "show",
    summary: "Show a request in full: what would happen, and who may decide",
    usage: "show ID [--json] [--signable approved|rejected]",
    examples: ["show apr_…", "show apr_… --signable approved > text"],
    options: {
      json: { type: "boolean", description: "As JSON" },
      signable: {
        type: "string",
        description: "Print only the text to sign for that decision with ssh-keygen -Y sign -n platform-ops-approval",
      },
    },
    async run({ positionals, options }, _deps, terminal) {
      const id = onlyId(positionals, "show");
      const decision = options["signable"];
      if (decision !== undefined) {
        if (decision !== "approved" && decision !== "rejected")
          throw new OpsError("invalid_input", "--signable takes approved or rejected.");
        terminal.stdout(await port.approvals.signable(id, decision satisfies Decision));
        return 0;
      }
      const request = await port.approvals.get(id);
      const records = await port.approvals.records(id);
      if (options["json"] === true) terminal.stdout(`${JSON.stringify({ request, records }, undefined, 2)}\n`);
      else {
        const details = await detailsOrNote(request, port.artifacts);
        terminal.stdout(paintChanges(terminal, `${paintLabels(terminal, requestText(request, records))}\n${details}`));
      }
      return 0;
    },
  });
}
