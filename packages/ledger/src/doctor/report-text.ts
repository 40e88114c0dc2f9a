import type { Terminal } from "../command.ts";
import { paint, type Tone } from "../terminal/paint.ts";
import { widthOf } from "../terminal/width.ts";
import { wrapped } from "../terminal/wrap.ts";
import type { Check, CheckStatus } from "./check.ts";

const MARKS: Record<CheckStatus, { mark: string; tone: Tone }> = {
  ok: { mark: "✓", tone: "good" },
  warn: { mark: "!", tone: "warning" },
  missing: { mark: "✗", tone: "bad" },
  broken: { mark: "✗", tone: "bad" },
};
const WIDEST_NAME = 28;

/** All checks for a person: a line each, the cure under it where there is one to take, and a count in the end. */
export function reportText(checks: readonly Check[], terminal: Terminal): string {
  const width = Math.min(WIDEST_NAME, Math.max(0, ...checks.map(({ name }) => widthOf(name))));
  return `${checks.map((check) => lineOf(check, width, terminal)).join("")}\n${summary(checks, terminal)}\n`;
}

function lineOf({ name, status, found, version, path, wanted, cure, mend }: Check, width: number, terminal: Terminal): string {
  const { mark, tone } = MARKS[status];
  const seen = [
    found ?? version ?? (status === "missing" ? "not there" : ""),
    path === undefined || found?.includes(path) ? "" : `at ${path}`,
  ];
  const said = [seen.filter((part) => part !== "").join(" "), status === "ok" || wanted === undefined ? "" : `wanted: ${wanted}`];
  const head = `${paint(terminal, tone, mark)} ${name.padEnd(width)}  ${said.filter((part) => part !== "").join("; ")}`.trimEnd();
  if (status === "ok" || cure === undefined) return `${head}\n`;
  const columns = terminal.isTTY ? terminal.columns : Number.POSITIVE_INFINITY;
  return `${head}\n${wrapped(mend === undefined ? cure : `${cure}\nOr let it be mended: doctor --fix`, columns, "    ")}`;
}

function summary(checks: readonly Check[], terminal: Terminal): string {
  const count = (status: CheckStatus): number => checks.filter((check) => check.status === status).length;
  const parts = (["missing", "broken", "warn"] as const).flatMap((status) => {
    const found = count(status);
    return found === 0 ? [] : [paint(terminal, MARKS[status].tone, `${found} ${status === "warn" ? "to know of" : status}`)];
  });
  return `${checks.length} checked: ${[`${count("ok")} ok`, ...parts].join(", ")}`;
}
