import type { Command } from "@platform-ops/ledger";
import { stopSupervisor, supervisorStatus } from "../local/supervisor-client.ts";
import type { SupervisorStatus } from "../supervisor/protocol.ts";

/** `supervisor`: what keeps local Temporal and the workers, and what it keeps. */
export function supervisorCommand(port: { home: string }): Command<void> {
  return {
    name: "supervisor",
    summary: "Show or stop what keeps local Temporal and the workers alive",
    usage: "supervisor [status|stop] [--json]",
    options: { json: { type: "boolean", description: "As JSON" } },
    async run({ positionals, options }, _deps, terminal) {
      const [what = "status", ...more] = positionals;
      if (more.length > 0 || !["status", "stop"].includes(what)) {
        terminal.stderr(`supervisor knows "status" and "stop", not "${positionals.join(" ")}".\n`);
        return 2;
      }
      if (what === "stop") {
        terminal.stdout(
          (await stopSupervisor(port.home)) ? "Stopped: workers, then Temporal. Programs that run go on.\n" : "Nothing runs.\n",
        );
        return 0;
      }
      const status = await supervisorStatus(port.home);
      if (options["json"] === true) terminal.stdout(`${JSON.stringify(status ?? null, undefined, 2)}\n`);
      else terminal.stdout(status === undefined ? "No supervisor runs; the first call that needs one starts it.\n" : printStatus(status));
      return 0;
    },
  };
}

/** The status for a person. */
export function printStatus(status: SupervisorStatus): string {
  const { temporal } = status;
  const lines = [
    `supervisor  process ${status.pid}, since ${status.started_at}, last asked ${status.idle_seconds} s ago`,
    `temporal    ${temporal.state}${temporal.address === undefined ? "" : ` at ${temporal.address}, server ${temporal.server_version ?? "?"}, process ${temporal.pid ?? "?"}`}`,
    ...(temporal.failure === undefined
      ? []
      : [`            ${temporal.failure.code}: ${temporal.failure.message} ${temporal.failure.hint}`]),
  ];
  for (const worker of status.workers) {
    lines.push(
      `worker      ${worker.server} ${worker.version}: ${worker.phase}${worker.pid === undefined ? "" : `, process ${worker.pid}`}, open runs ${worker.open_runs ?? "not known yet"}${worker.draining > 0 ? `, ${worker.draining} draining` : ""}`,
    );
    for (const { build, pid, open_runs } of worker.kept)
      lines.push(
        `            ${build} is kept${pid === undefined ? "" : ` as process ${pid}`}, for runs that only it can carry on: ${open_runs ?? "not known yet"}`,
      );
    if (worker.failure !== undefined) lines.push(`            ${worker.failure.code}: ${worker.failure.message} ${worker.failure.hint}`);
  }
  return `${lines.join("\n")}\n`;
}
