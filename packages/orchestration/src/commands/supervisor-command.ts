import { OpsError } from "@platform-ops/errors";
import { paint, printable, table, type Command, type Terminal, type Tone } from "@platform-ops/ledger";
import { stopSupervisor, supervisorStatus } from "../local/supervisor-client.ts";
import type { SupervisorStatus, TemporalView } from "../supervisor/protocol.ts";

/** `supervisor`: what keeps local Temporal and the workers, and what it keeps. */
export function supervisorCommand(port: { home: string }): Command<void> {
  return {
    name: "supervisor",
    summary: "Show or stop what keeps local Temporal and the workers alive",
    usage: "supervisor [status|stop] [--json]",
    examples: ["supervisor", "supervisor stop"],
    options: { json: { type: "boolean", description: "As JSON" } },
    async run({ positionals, options }, _deps, terminal) {
      const [what = "status"] = positionals;
      if (!["status", "stop"].includes(what))
        throw new OpsError("invalid_input", `supervisor takes status or stop, not ${JSON.stringify(what.slice(0, 80))}.`, {
          hint: "status, which it shows without one, says what runs; stop ends it.",
        });
      if (what === "stop") {
        terminal.stdout(
          (await stopSupervisor(port.home)) ? "Stopped: workers, then Temporal. Programs that run go on.\n" : "Nothing runs.\n",
        );
        return 0;
      }
      const status = await supervisorStatus(port.home);
      if (options["json"] === true) terminal.stdout(`${JSON.stringify(status ?? null, undefined, 2)}\n`);
      else
        terminal.stdout(
          status === undefined ? "No supervisor runs; the first call that needs one starts it.\n" : printStatus(status, terminal),
        );
      return 0;
    },
  };
}

const TONES: Readonly<Record<string, Tone>> = { ready: "good", running: "good", off: "quiet", stopped: "bad" };

/** The status for a person: a line each, and below it what failed. */
export function printStatus(status: SupervisorStatus, terminal: Terminal): string {
  const { temporal } = status;
  const rows: string[][] = [
    [
      "supervisor",
      paint(terminal, "good", "running"),
      `process ${status.pid}, since ${status.started_at}, last asked ${status.idle_seconds} s ago`,
    ],
    [
      "temporal",
      toned(temporal.state, terminal),
      temporal.address === undefined
        ? ""
        : `at ${temporal.address}, server ${temporal.server_version ?? "?"}, process ${temporal.pid ?? "?"}`,
    ],
  ];
  const failures: [string, TemporalView["failure"]][] = [["temporal", temporal.failure]];
  for (const worker of status.workers) {
    const facts = [
      ...(worker.pid === undefined ? [] : [`process ${worker.pid}`]),
      `open runs ${worker.open_runs ?? "not known yet"}`,
      ...(worker.draining > 0 ? [`${worker.draining} draining`] : []),
    ];
    rows.push([`worker ${worker.server} ${worker.version}`, toned(worker.phase, terminal), facts.join(", ")]);
    for (const { build, pid, open_runs } of worker.kept)
      rows.push([
        `  ${build}`,
        "kept",
        `${pid === undefined ? "" : `process ${pid}, `}for runs that only it can carry on: ${open_runs ?? "not known yet"}`,
      ]);
    failures.push([`worker ${worker.server}`, worker.failure]);
  }
  const told = failures.flatMap(([what, failure]) =>
    failure === undefined
      ? []
      : [`${paint(terminal, "bad", "✗")} ${what}: ${printable(`${failure.code}: ${failure.message} ${failure.hint}`)}\n`],
  );
  return table(terminal, rows) + told.join("");
}

function toned(word: string, terminal: Terminal): string {
  return paint(terminal, TONES[word] ?? "warning", word);
}
