import { readFile } from "node:fs/promises";
import { OpsError } from "@platform-ops/errors";
import { runProgram } from "../../terraform/run-program.ts";
import type { StepContext } from "../../terraform/step.ts";

interface ValidateJson {
  readonly valid?: boolean;
  readonly diagnostics?: readonly {
    readonly severity?: string;
    readonly summary?: string;
    readonly detail?: string;
    readonly range?: { readonly filename?: string; readonly start?: { readonly line?: number } };
  }[];
}

/**
 * `validate -json`, for a workspace whose operations end there (format version 1.0 of terraform's validate output).
 * @throws OpsError command_failed with the diagnostics
 */
export async function validateStep(step: StepContext): Promise<void> {
  const end = await runProgram(step, { step: "validate", args: ["validate", "-json", "-no-color"] });
  const text = await readFile(end.stdout, "utf8");
  let answer: ValidateJson;
  try {
    answer = JSON.parse(text) as ValidateJson;
  } catch (cause) {
    throw new OpsError("command_failed", `${step.program.kind} validate ended with ${end.code} and printed something that is not JSON.`, {
      cause,
    });
  }
  if (answer.valid === true && end.code === 0) return;
  const errors = (answer.diagnostics ?? []).filter((d) => d.severity === "error");
  const words = errors
    .slice(0, 10)
    .map(
      (d) =>
        `${d.range?.filename === undefined ? "" : `${d.range.filename}:${d.range.start?.line ?? "?"}: `}${d.summary ?? "error"}${d.detail ? ` (${d.detail})` : ""}`,
    );
  throw new OpsError(
    "command_failed",
    step.redact?.(`The configuration is not valid: ${words.join("; ")}`) ?? `The configuration is not valid: ${words.join("; ")}`,
    { details: { diagnostics: errors.slice(0, 50) } },
  );
}
