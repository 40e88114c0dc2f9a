import { OpsError } from "@platform-ops/errors";
import type { Json } from "@platform-ops/meta-workflow-registry/definition";
import type { CallOptions } from "@platform-ops/meta-workflow-registry/run";
import type { z } from "zod";
import type { CallContext } from "../executor-deps.ts";
import type { ToolPorts } from "../tools/call-tool.ts";

/** What a look saw. `ok` and `message` are in every answer; the rest are the check's own facts. */
export type CheckAnswer = { readonly ok: boolean; readonly message: string } & { readonly [fact: string]: Json };

/** For what a check is made, and within which bounds. */
export interface CheckContext {
  readonly call: CallContext;
  readonly options: CallOptions;
  /** Milliseconds. */
  readonly timeoutMs: number;
}

/** A look at the world that changes nothing: a name, its typed arguments, and what it tells. */
export interface Check {
  readonly name: string;
  /** One sentence: when it is ok. */
  readonly summary: string;
  readonly input: z.ZodObject;
  /** What `probe` holds besides `ok` and `message`. */
  readonly facts: Readonly<Record<string, string>>;
  run(ports: ToolPorts, given: { readonly [name: string]: Json }, context: CheckContext): Promise<CheckAnswer>;
}

/** Defines a check whose arguments are checked before it looks. */
export function defineCheck<I extends z.ZodObject>(
  check: Omit<Check, "run" | "input"> & {
    readonly input: I;
    run(ports: ToolPorts, given: z.infer<I>, context: CheckContext): Promise<CheckAnswer>;
  },
): Check {
  return {
    ...check,
    run: (ports, given, context) => {
      const parsed = check.input.safeParse(given);
      if (!parsed.success) throw wrong(check, parsed.error.issues);
      return check.run(ports, parsed.data, context);
    },
  };
}

function wrong(check: Pick<Check, "name" | "input">, issues: readonly z.core.$ZodIssue[]): OpsError {
  const faults = issues.map((issue) =>
    issue.code === "unrecognized_keys" ? `${issue.keys.join(", ")} is not known` : `${issue.path.join(".") || "with"}: ${issue.message}`,
  );
  return new OpsError("invalid_input", `The check ${check.name}: ${faults.slice(0, 20).join("; ")}.`, {
    hint: `It takes ${Object.keys(check.input.shape).join(", ")}.`,
  });
}
