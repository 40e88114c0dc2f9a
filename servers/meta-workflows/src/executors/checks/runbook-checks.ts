import { stat } from "node:fs/promises";
import { dirname } from "node:path";
import { isOpsError, OpsError } from "@platform-ops/errors";
import { pickVariables, USUAL_VARIABLES } from "@platform-ops/ledger";
import { z } from "zod";
import { allowedPath } from "../allowed-path.ts";
import { runBounded } from "../programs/run-bounded.ts";
import type { ToolPorts } from "../tools/call-tool.ts";
import { defineCheck, type CheckContext } from "./check.ts";

const MOST_NAMED = 10;
const input = z.strictObject({ path: z.string().min(1).max(4_096).describe("A workflow.yaml, or its folder.") });

const Linted = z.object({
  definitions: z.number(),
  errors: z.number(),
  warnings: z.number(),
  problems: z.array(z.object({ code: z.string(), severity: z.string(), message: z.string(), line: z.number(), column: z.number() })),
});
const Tested = z.object({
  passed: z.boolean(),
  workflows: z.array(
    z.object({
      problems: z.array(z.string()),
      scenarios: z.array(z.object({ name: z.string().optional(), file: z.string(), passed: z.boolean() })),
    }),
  ),
});

/**
 * What a command of this server's own says of a path. It runs in a process of its own, with a time limit: what an agent wrote is
 * never read, and no scenario of it played, where runs are carried out.
 */
async function ask<T>(
  { deps }: ToolPorts,
  command: "lint" | "test",
  path: string,
  shape: z.ZodType<T>,
  { call, timeoutMs }: CheckContext,
): Promise<T> {
  const own = deps.own_servers["meta-workflows"]?.();
  if (own === undefined) throw new OpsError("program_missing", "This server's own program is not known here.");
  const [program = "", ...args] = own.command;
  const env = pickVariables(deps.environment, USUAL_VARIABLES);
  const isFolder = (await stat(path)).isDirectory();
  const cwd = isFolder ? path : dirname(path);
  const { stdout, stderr } = await runBounded(program, [...args, command, "--json", path], { cwd, env, timeoutMs, signal: call.signal });
  try {
    return shape.parse(JSON.parse(stdout));
  } catch (cause) {
    throw new OpsError("command_failed", `${command} could not be run on the runbook: ${stderr.trim().slice(0, 500)}`, { cause });
  }
}

/** The real path of what was named; undefined where nothing is there. @throws OpsError path_not_allowed */
async function found({ deps }: ToolPorts, path: string): Promise<string | undefined> {
  try {
    return await allowedPath(deps.settings.working_directories, path);
  } catch (error) {
    if (isOpsError(error) && error.code === "not_found") return undefined;
    throw error;
  }
}

export const runbookValid = defineCheck({
  name: "runbook.valid",
  summary: "The definitions at `path` have no error, by the same checks as `lint`.",
  input,
  facts: { errors: "how many there are", warnings: "how many there are", problems: "the first 10, each with its line, code and words" },
  async run(ports, { path }, context) {
    const real = await found(ports, path);
    if (real === undefined) return { ok: false, message: `There is nothing at ${path}.`, errors: 0, warnings: 0, problems: [] };
    const { definitions, errors, warnings, problems } = await ask(ports, "lint", real, Linted, context);
    const named = problems.slice(0, MOST_NAMED).map(({ line, column, code, message }) => `${line}:${column} ${code}: ${message}`);
    const message = definitions === 0 ? `There is no definition at ${path}.` : `${errors} error(s), ${warnings} warning(s).`;
    return { ok: definitions > 0 && errors === 0, message, errors, warnings, problems: named };
  },
});

export const runbookScenarios = defineCheck({
  name: "runbook.scenarios",
  summary: "The scenarios in `tests` beside the definition at `path` pass, at least `min_scenarios` of them (1 by default).",
  input: input.extend({ min_scenarios: z.int().min(1).max(1_000).optional() }),
  facts: { total: "how many scenarios there are", failed: "names of those that failed, at most 10" },
  async run(ports, { path, min_scenarios = 1 }, context) {
    const real = await found(ports, path);
    if (real === undefined) return { ok: false, message: `There is nothing at ${path}.`, total: 0, failed: [] };
    const { passed, workflows } = await ask(ports, "test", real, Tested, context);
    const scenarios = workflows.flatMap((one) => one.scenarios);
    const failed = scenarios.filter((one) => !one.passed).map(({ name, file }) => name ?? file);
    const [problem] = workflows.flatMap(({ problems }) => problems);
    const enough = scenarios.length >= min_scenarios;
    const said = `${scenarios.length - failed.length} of ${scenarios.length} scenarios pass${enough ? "" : `; at least ${min_scenarios} should be there`}`;
    return {
      ok: passed && enough,
      message: `${said}${problem === undefined ? "" : `: ${problem.slice(0, 500)}`}.`,
      total: scenarios.length,
      failed: failed.slice(0, MOST_NAMED),
    };
  },
});
