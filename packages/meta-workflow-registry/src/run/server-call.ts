import type { Json, Probe, ProgramCall, Retry, Template, ToolCall } from "../definition/definition.ts";
import { secretNameIn } from "../definition/secret-reference.ts";
import { StepFailure } from "./completion.ts";
import { effectKey } from "./effect-key.ts";
import type { ServerCall, Variables } from "./ports.ts";
import { bounded, MAX_GIVEN_BYTES } from "./value-bounds.ts";
import type { Here } from "./here.ts";
import type { Walk } from "./walk.ts";

const ONCE: Retry = { attempts: 1, initial: 0, backoff: 1 };

/** Fields that are secrets by their names, and the others. */
function withoutSecrets<T extends Template>(fields: {
  readonly [name: string]: T;
}): {
  readonly plain: { readonly [name: string]: T };
  readonly secrets: { readonly [name: string]: string };
} {
  const all = Object.entries(fields);
  return {
    plain: Object.fromEntries(all.filter(([, template]) => secretNameIn(template) === undefined)),
    secrets: Object.fromEntries(
      all
        .flatMap(([field, template]) => [[field, secretNameIn(template)]] as const)
        .filter((entry): entry is [string, string] => entry[1] !== undefined),
    ),
  };
}

const isEmpty = (fields: object): boolean => Object.keys(fields).length === 0;

/** A tool call with its templates filled in. */
export function filledTool(walk: Walk, here: Here, call: ToolCall, more: Variables = {}): ServerCall {
  const { server, tool, capability } = call;
  const { plain, secrets } = withoutSecrets(call.args);
  return notTooLarge(here, {
    kind: "tool",
    ...(server === undefined ? {} : { server }),
    ...(tool === undefined ? {} : { tool }),
    ...(capability === undefined ? {} : { capability }),
    args: filledFields(walk, here, plain, more),
    ...(isEmpty(secrets) ? {} : { secret_args: secrets }),
  });
}

/**
 * A program call with its templates filled in. A list in the argument vector stands for its parts.
 *
 * @throws StepFailure bad_argument where something is no text, number or truth value
 */
export function filledProgram(walk: Walk, here: Here, call: ProgramCall, more: Variables = {}): ServerCall {
  const text = (template: Template, what: string): string => word(walk.fill(template, here, more), what);
  const argv = call.argv.flatMap((template, at) => {
    const value = walk.fill(template, here, more);
    return Array.isArray(value) ? value.map((one: Json) => word(one, `argv[${at}]`)) : [word(value, `argv[${at}]`)];
  });
  const { plain, secrets } = withoutSecrets(call.env ?? {});
  return notTooLarge(here, {
    kind: "program",
    argv,
    ...(isEmpty(secrets) ? {} : { secret_env: secrets }),
    env: Object.fromEntries(Object.entries(plain).map(([name, template]) => [name, text(template, `env.${name}`)])),
    ...(call.cwd === undefined ? {} : { cwd: text(call.cwd, "cwd") }),
    ...(call.stdin === undefined ? {} : { stdin: text(call.stdin, "stdin") }),
  });
}

function filledProbe(walk: Walk, here: Here, looked: Probe, more: Variables): ServerCall {
  if (looked.kind === "tool") return filledTool(walk, here, looked, more);
  if (looked.kind === "program") return filledProgram(walk, here, looked, more);
  return notTooLarge(here, { kind: "check", check: looked.check, with: filledFields(walk, here, looked.with, more) });
}

/** @throws StepFailure too_large */
function notTooLarge(here: Here, call: ServerCall): ServerCall {
  return bounded(call, "What the call is given", here.path, MAX_GIVEN_BYTES);
}

/**
 * Looks at the world. What a program or tool says when it fails is something seen too.
 *
 * @param name tells this look from others of the step
 */
export async function probe(
  walk: Walk,
  here: Here,
  looked: Probe,
  name: string,
  more: Variables = {},
): Promise<{ readonly seen: true; readonly output: Json } | { readonly seen: false; readonly message: string }> {
  const { step, path, scope } = here;
  const outcome = await walk.ports.call(
    filledProbe(walk, here, looked, more),
    {
      path: `${path}#${name}`,
      effect_key: effectKey(walk.run.id, path),
      read_only: true,
      timeout: step.timeout,
      retry: step.retry,
    },
    scope,
  );
  if (outcome.status === "done") return { seen: true, output: outcome.output };
  if (outcome.status === "failed" && outcome.output !== undefined) return { seen: true, output: outcome.output };
  return { seen: false, message: outcome.message };
}

/** How often a step may be tried: only what reads, or may be repeated, more than once. */
export function retryOf({ step }: Here): Retry {
  return isReadOnly(step.effects) || step.idempotent ? step.retry : ONCE;
}

/** True for what changes nothing. */
export function isReadOnly(effects: string): boolean {
  return effects === "none" || effects === "read";
}

function filledFields(walk: Walk, here: Here, fields: { readonly [name: string]: Template }, more: Variables): { [name: string]: Json } {
  return Object.fromEntries(Object.entries(fields).map(([name, template]) => [name, walk.fill(template, here, more)]));
}

function word(value: Json, what: string): string {
  if (typeof value === "string") return value;
  if (typeof value === "number" || typeof value === "boolean") return String(value);
  throw new StepFailure("bad_argument", `${what} is ${value === null ? "null" : "no single value"}, and a program takes texts.`);
}
