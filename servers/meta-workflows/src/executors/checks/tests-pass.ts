import { stat } from "node:fs/promises";
import { OpsError } from "@platform-ops/errors";
import type { Json } from "@platform-ops/meta-workflow-registry/definition";
import { z } from "zod";
import { allowedFolder, allowedPath } from "../allowed-path.ts";
import { boundedFile } from "../programs/bounded-file.ts";
import { runProgram, type ProgramOutput } from "../programs/run-program.ts";
import { defineCheck } from "./check.ts";

const MAX_REPORT = 4 * 1024 * 1024;
const TAIL = 4_000;
const text = z.string().max(16_384);

export const testsPass = defineCheck({
  name: "tests.pass",
  summary: "The test command, run by the server, ends with 0; by its report no test failed and at least `min_tests` ran.",
  input: z.strictObject({
    argv: z.array(text).min(1).max(256),
    cwd: z.string().min(1).max(4_096).optional(),
    env: z.record(z.string().max(100), text).optional(),
    report: z
      .union([z.literal("stdout"), z.strictObject({ path: z.string().min(1).max(4_096) })])
      .optional()
      .describe("Where the command leaves a JSON report: of vitest, jest or mocha."),
    min_tests: z.int().min(0).max(1_000_000).optional(),
  }),
  facts: {
    exit_code: "of the command",
    total: "tests that the report names",
    passed: "of them",
    failed: "of them",
    output: "the end of what the command said",
    duration_ms: "how long it ran",
  },
  async run({ deps }, { argv, cwd, env, report, min_tests }, { call, options }) {
    if (min_tests !== undefined && report === undefined)
      throw new OpsError("invalid_input", "The check tests.pass: min_tests needs a report, by which tests are counted.");
    const begun = Date.now();
    const program = { kind: "program", argv, env: env ?? {}, ...(cwd === undefined ? {} : { cwd }) } as const;
    const outcome = await runProgram(deps, program, { ...options, read_only: true }, call);
    const output = ("output" in outcome ? outcome.output : undefined) as unknown as ProgramOutput | undefined;
    if (output === undefined)
      throw new OpsError("command_failed", outcome.status === "done" ? "The command told nothing." : outcome.message);
    const facts = {
      exit_code: output.exit_code,
      duration_ms: output.duration_ms,
      output: `${output.stdout}\n${output.stderr}`.trim().slice(-TAIL),
    };
    if (outcome.status !== "done")
      return { ok: false, message: `The tests do not pass: ${outcome.status === "failed" ? outcome.message : ""}`, ...facts };
    if (report === undefined) return { ok: true, message: "The test command ended with 0.", ...facts };
    const said = report === "stdout" ? output.json : await readReport(deps.settings.working_directories, cwd, report.path, begun);
    const counts = said === undefined ? undefined : countsOf(said);
    if (counts === undefined)
      return { ok: false, message: "The test command ended with 0, but its report is not there, is older, or cannot be read.", ...facts };
    const enough = counts.total >= (min_tests ?? 1);
    return {
      ok: counts.failed === 0 && enough,
      message: `${counts.passed} of ${counts.total} tests passed, ${counts.failed} failed${enough ? "" : `; at least ${min_tests ?? 1} should run`}.`,
      ...facts,
      ...counts,
    };
  },
});

/** A report that was written by this run, not one that lay there. */
async function readReport(roots: readonly string[], cwd: string | undefined, path: string, since: number): Promise<Json | undefined> {
  const base = await allowedFolder(roots, cwd);
  const found = await allowedPath(roots, path, base).catch((error: unknown) => {
    if ((error as { code?: unknown }).code === "not_found") return undefined;
    throw error;
  });
  if (found === undefined) return undefined;
  const facts = await stat(found);
  // A second's grace: file systems keep time coarsely.
  if (!facts.isFile() || facts.mtimeMs < since - 1_000 || facts.size > MAX_REPORT) return undefined;
  try {
    return JSON.parse((await boundedFile(found, MAX_REPORT)).text) as Json;
  } catch {
    return undefined;
  }
}

/** Counts of a report of vitest or jest (numTotalTests), or of mocha (stats). */
function countsOf(report: Json): { total: number; passed: number; failed: number } | undefined {
  if (typeof report !== "object" || report === null || Array.isArray(report)) return undefined;
  const fields = report as { readonly [name: string]: Json };
  const stats = fields["stats"];
  const from = typeof stats === "object" && stats !== null && !Array.isArray(stats) ? (stats as { readonly [name: string]: Json }) : fields;
  const names = from === fields ? ["numTotalTests", "numPassedTests", "numFailedTests"] : ["tests", "passes", "failures"];
  const [total, passed, failed] = names.map((name) => from[name]);
  const isCount = (value: Json | undefined): value is number => typeof value === "number" && Number.isSafeInteger(value) && value >= 0;
  if (!isCount(total) || !isCount(passed) || !isCount(failed)) return undefined;
  // A suite that could not be loaded has failed, though none of its tests did.
  const suites = fields["numFailedTestSuites"];
  return { total, passed, failed: Math.max(failed, isCount(suites) ? suites : 0, fields["success"] === false ? 1 : 0) };
}
