import { OpsError } from "@platform-ops/errors";
import type { CallContext, ExecutorDeps } from "./executor-deps.ts";

/**
 * The values of secrets by the fields that they are for. From here on they are masked in all that leaves the process.
 * @throws OpsError not_allowed (the definition does not list it), credentials (there is none)
 */
export function secretValues(
  deps: Pick<ExecutorDeps, "secret" | "redactor">,
  fields: { readonly [field: string]: string },
  context: Pick<CallContext, "secrets">,
): { readonly [field: string]: string } {
  return Object.fromEntries(
    Object.entries(fields).map(([field, name]) => {
      if (!context.secrets.includes(name))
        throw new OpsError("not_allowed", `The definition does not list the secret ${name}, which ${field} is to be.`);
      const value = deps.secret(name);
      if (value === undefined || value === "")
        throw new OpsError("credentials", `There is no secret ${name} here.`, {
          hint: "Let the operator give it to the worker: meta_workflows.secrets.",
        });
      deps.redactor.addSecret(value);
      return [field, value];
    }),
  );
}
