import type { Profiler } from "node:inspector";
import { readdir, readFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

/** Of each character of a bundle, how often it was run in all processes together. */
export type Counts = Float64Array;

/**
 * Sums up the reports in `folder` (one file per process or thread, as Node writes them with NODE_V8_COVERAGE) by bundle. `lengths`
 * has the characters of each known bundle, under names such as `terraform/main.cjs`. Processes that were killed wrote no
 * report, or half of one; neither counts.
 */
export async function readReports(folder: string, lengths: ReadonlyMap<string, number>): Promise<Map<string, Counts>> {
  const sums = new Map<string, Counts>();
  for (const file of await readdir(folder)) {
    for (const script of scriptsOf(await readFile(join(folder, file), "utf8"))) {
      const bundle = bundleOf(script.url);
      const length = lengths.get(bundle ?? "");
      if (bundle === undefined || length === undefined) continue;
      const sum = sums.get(bundle) ?? new Float64Array(length);
      addScript(sum, script.functions);
      sums.set(bundle, sum);
    }
  }
  return sums;
}

/**
 * The bundle that ran from there: `…/servers/terraform/dist/main.cjs` and `…/workers/terraform-1.0.0-0a1b/main.cjs` (a worker's
 * own copy) are both `terraform/main.cjs`. Undefined for everything else.
 */
export function bundleOf(url: string): string | undefined {
  const path = url.startsWith("file:") ? fileURLToPath(url) : url;
  const found = /\/servers\/([\w-]+)\/dist$|\/workers\/([a-z-]+)-\d[^/]*$/.exec(dirname(path));
  const server = found?.[1] ?? found?.[2];
  return server === undefined ? undefined : `${server}/${basename(path)}`;
}

/** Adds what one process ran. The innermost range around a character has its count; a wrapper around the bundle is taken off. */
export function addScript(sum: Counts, functions: readonly Profiler.FunctionCoverage[]): void {
  const ranges = functions.flatMap((of) => of.ranges).sort((a, b) => size(b) - size(a));
  const end = Math.max(0, ...ranges.map(({ endOffset }) => endOffset));
  const before = wrapperBefore(end - sum.length);
  const counts = new Float64Array(end);
  for (const { startOffset, endOffset, count } of ranges) counts.fill(count, startOffset, endOffset);
  for (let at = 0; at < sum.length; at += 1) sum[at] = (sum[at] ?? 0) + (counts[at + before] ?? 0);
}

/** `counts` as V8 would report them of a single process. */
export function asCoverage(counts: Counts): Profiler.FunctionCoverage[] {
  const ranges: Profiler.CoverageRange[] = [];
  for (let from = 0; from < counts.length;) {
    let to = from + 1;
    while (to < counts.length && counts[to] === counts[from]) to += 1;
    ranges.push({ startOffset: from, endOffset: to, count: counts[from] ?? 0 });
    from = to;
  }
  return [{ functionName: "", isBlockCoverage: true, ranges }];
}

const size = ({ startOffset, endOffset }: Profiler.CoverageRange): number => endOffset - startOffset;

/** `(function (exports, require, module, __filename, __dirname) { `, where a report holds more than the bundle. */
const WRAPPER = 62;
const wrapperBefore = (more: number): number => (more > WRAPPER ? WRAPPER : 0);

function scriptsOf(text: string): Profiler.ScriptCoverage[] {
  try {
    return (JSON.parse(text) as { result: Profiler.ScriptCoverage[] }).result;
  } catch {
    return [];
  }
}
