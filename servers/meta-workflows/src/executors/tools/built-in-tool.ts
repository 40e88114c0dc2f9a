import type { Json } from "@platform-ops/meta-workflow-registry/definition";
import type { CallOptions, CallOutcome } from "@platform-ops/meta-workflow-registry/run";
import type { z } from "zod";
import { OpsError } from "@platform-ops/errors";
import type { CallContext, ExecutorDeps } from "../executor-deps.ts";

export type BuiltInContext = CallContext & Pick<CallOptions, "effect_key" | "read_only" | "timeout">;

/** A tool of this server's own executors: called as `server` and `tool` of a step, without a server to start. */
export interface BuiltInTool {
  readonly server: string;
  readonly tool: string;
  readonly summary: string;
  readonly readOnly: boolean;
  /** True: called twice under one effect key it does what it does once. */
  readonly repeatable: boolean;
  readonly input: z.ZodObject;
  run(deps: ExecutorDeps, args: { readonly [name: string]: Json }, context: BuiltInContext): Promise<CallOutcome>;
}

/** Defines a tool whose arguments are checked before it runs. */
export function builtInTool<I extends z.ZodObject>(
  tool: Omit<BuiltInTool, "run" | "input"> & {
    readonly input: I;
    run(deps: ExecutorDeps, args: z.infer<I>, context: BuiltInContext): Promise<CallOutcome>;
  },
): BuiltInTool {
  return { ...tool, run: (deps, args, context) => tool.run(deps, checked(tool.input, args, `${tool.server}/${tool.tool}`), context) };
}

/** Values by their schema. @throws OpsError invalid_input with every fault */
export function checked<I extends z.ZodObject>(input: I, args: { readonly [name: string]: Json }, what: string): z.infer<I> {
  const parsed = input.safeParse(args);
  if (parsed.success) return parsed.data;
  const faults = parsed.error.issues.map(({ code, path, message, ...rest }) =>
    code === "unrecognized_keys"
      ? `${(rest as { keys?: string[] }).keys?.join(", ")} is not known`
      : `${path.join(".") || "the value"}: ${message}`,
  );
  throw new OpsError("invalid_input", `${what}: ${faults.slice(0, 20).join("; ")}.`);
}
