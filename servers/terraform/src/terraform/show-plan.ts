import { readFile, rm, stat } from "node:fs/promises";

import { OpsError } from "@platform-ops/errors";
import { Redactor } from "@platform-ops/ledger";

import { isRecord, parseLossless } from "./lossless-json.ts";
import type { PlanJson } from "./plan-json.ts";
import { summarisePlan } from "./plan-summary.ts";
import { failureOf, runProgram } from "./run-program.ts";
import { sensitiveValuesOfState } from "./sensitive-values.ts";
import type { RawJson, StepContext } from "./step.ts";
import { ephemeralValues } from "./write-only-values.ts";

/** A plan file as JSON. Throws command_failed where the program prints none that is known here. */
export async function showPlan(ctx: StepContext, planFile: string): Promise<PlanJson> {
  const end = await runProgram(ctx, { step: "show", args: ["show", "-json", "-no-color", planFile] });
  if (end.code !== 0) throw failureOf(ctx, "show", end);
  const text = await readFile(end.stdout, "utf8");
  // Plain text of every secret: it is read once and not left behind.
  await rm(end.stdout, { force: true });
  try {
    const plan = parseLossless(text);
    if (isRecord(plan) && typeof plan["format_version"] === "string" && plan["format_version"].startsWith("1.")) return plan;
  } catch (cause) {
    throw new OpsError("command_failed", `${ctx.program.kind} show printed something that is not JSON.`, { cause });
  }
  throw new OpsError("command_failed", `${ctx.program.kind} show printed a plan format that is not known here.`, {
    hint: "Use a version that was tested, or report it.",
  });
}

/**
 * The same context, which masks too what a failed plan was made from: a provider's words of failure may hold it. Both
 * programs write a file of such a plan once their providers were asked, with its variables, configuration and prior state.
 */
export async function maskingPlanned(
  ctx: StepContext,
  planFile: string,
  given: Readonly<Record<string, RawJson>> | undefined,
): Promise<StepContext> {
  if ((await stat(planFile).catch(() => undefined)) === undefined) return ctx;
  try {
    const plan = await showPlan(ctx, planFile);
    const secrets = [
      ...summarisePlan(plan).sensitive_values,
      ...sensitiveValuesOfState(plan["prior_state"] ?? null),
      ...ephemeralValues(plan, given),
    ];
    const redactor = new Redactor(secrets);
    return { ...ctx, redact: (text) => redactor.text(ctx.redact?.(text) ?? text) };
  } catch {
    return ctx;
  }
}
