import { printCounts } from "../worker/plan/print-counts.ts";
import { printTime } from "./render-status.ts";
import type { RunView } from "./run-view.ts";

/** A run as a Markdown comment for a pull request. Names and messages are escaped: they come from files. */
export function markdownReport(view: RunView): string {
  const rows = view.workspaces.map(
    (w) =>
      `| ${cell(w.name)} | ${w.phase} | ${w.counts === undefined ? "" : printCounts(w.counts)} | ${w.seconds ?? ""} | ${cell(w.error === undefined ? (w.because ?? "") : `${w.error.code}: ${w.error.message}`)} |`,
  );
  return [
    `### Terraform ${view.destroy === true ? "destroy run" : "run"}: ${view.phase}`,
    "",
    `\`${view.workflow_id}\`, started ${printTime(view.started_at)}${view.finished_at === undefined ? "" : `, finished ${printTime(view.finished_at)}`}${view.reason === undefined ? "" : ` (${cell(view.reason)})`}`,
    "",
    "| workspace | phase | changes | seconds | note |",
    "|---|---|---|---|---|",
    ...rows,
    "",
  ].join("\n");
}

function cell(text: string): string {
  return text
    .replaceAll(/[\r\n]+/g, " ")
    .replaceAll(/[|<>`\\[\]]/g, (char) => `\\${char}`)
    .slice(0, 500);
}
