import { isOpsError } from "@platform-ops/errors";
import { overlappingTriggers } from "../matching/overlap.ts";
import type { Problem } from "../problem.ts";
import { calledWorkflows, closeOver, digestOfDefinitions } from "./closure.ts";
import { DEFINITION_CODES, type DefinitionCode } from "./codes.ts";
import type { Definition, Probe, Step } from "./definition.ts";
import { suggestionFor } from "./problem-list.ts";
import { everyStep } from "./walk.ts";

/** A definition of a set, with its file. */
export interface Linted {
  readonly definition: Definition;
  readonly file?: string;
}

export interface LintOptions {
  /** Version and digest (`digestOfDefinitions`) of each workflow as it was published last, by id. */
  readonly published?: ReadonlyMap<string, { readonly version: string; readonly digest: string }>;
  /** Capabilities that are bound; absent: not known. */
  readonly capabilities?: ReadonlySet<string>;
}

type Tell = (
  linted: Linted,
  code: DefinitionCode,
  path: string,
  message: string,
  more?: { readonly line?: number | undefined; readonly suggestion?: string },
) => void;

/** What is wrong between the definitions of a set: ids, calls, words that several answer to, versions, capabilities. */
export function lintDefinitions(all: readonly Linted[], options: LintOptions = {}): readonly Problem[] {
  const problems: Problem[] = [];
  const tell: Tell = ({ file }, code, path, message, { line, suggestion } = {}) => {
    const { severity } = DEFINITION_CODES[code];
    problems.push({
      code,
      severity,
      message,
      ...(file === undefined ? {} : { file }),
      line: line ?? 1,
      column: 1,
      path,
      ...(suggestion === undefined ? {} : { suggestion }),
    });
  };
  const byId = new Map(all.map((linted) => [linted.definition.id, linted]));
  lintIds(all, tell);
  lintTriggers(all, byId, tell);
  for (const linted of all) {
    lintCalls(linted, byId, tell);
    lintVersion(linted, options, tell);
    if (options.capabilities !== undefined) lintCapabilities(linted, options.capabilities, tell);
  }
  return problems;
}

/** Ids and codes are one each in a scope; a narrower scope hides a wider one. */
function lintIds(all: readonly Linted[], tell: Tell): void {
  const seen = new Map<string, Linted>();
  for (const linted of all) {
    const { id, code, scope } = linted.definition;
    for (const [field, name] of [["id", id] as const, ["code", code] as const]) {
      if (name === undefined) continue;
      const key = `${scope ?? "universal"} ${name}`;
      const before = seen.get(key);
      if (before === undefined) seen.set(key, linted);
      else
        tell(
          linted,
          "DUPLICATE_ID",
          `$.${field}`,
          `\`${name}\` is the ${field} of another workflow already${before.file === undefined ? "" : ` (${before.file})`}.`,
        );
    }
  }
}

function lintTriggers(all: readonly Linted[], byId: ReadonlyMap<string, Linted>, tell: Tell): void {
  const entries = all.map(({ definition }) => ({
    id: definition.id,
    ...(definition.code === undefined ? {} : { aliases: [definition.code] }),
    name: definition.name,
    status: definition.status,
    phrases: definition.triggers.phrases,
    not_this: definition.triggers.not_this,
  }));
  for (const { ids, phrases, kind, silent } of overlappingTriggers(entries)) {
    const linted = byId.get(silent[0] ?? ids[0]);
    if (linted === undefined) continue;
    const other = linted.definition.id === ids[0] ? ids[1] : ids[0];
    tell(
      linted,
      "WF150",
      "$.triggers",
      `"${phrases[0]}" (${ids[0]}) and "${phrases[1]}" (${ids[1]}) are ${kind === "equal" ? "the same words" : "nearly the same words"}.`,
      {
        suggestion: `Say under \`not_this: { ${other}: … }\` what people say who want that one, in both.`,
      },
    );
  }
  const ids = [...byId.keys()];
  const codes = new Set(all.flatMap(({ definition: { code } }) => code ?? []));
  for (const linted of all) {
    for (const other of Object.keys(linted.definition.triggers.not_this)) {
      if (byId.has(other) || codes.has(other)) continue;
      tell(linted, "WF151", `$.triggers.not_this`, `There is no workflow \`${other}\`.`, { suggestion: suggestionFor(other, ids) });
    }
  }
}

function lintCalls(linted: Linted, byId: ReadonlyMap<string, Linted>, tell: Tell): void {
  const { definition } = linted;
  const called = calledWorkflows(definition);
  for (const step of everyStep(definition)) if (step.type === "workflow") lintCall(linted, step, byId, tell);
  if ([...called].some((id) => !byId.has(id))) return;
  try {
    closeOver(definition, (id) => byId.get(id)?.definition);
  } catch (error) {
    // What is not there is told about at the workflow that calls it.
    if (!isOpsError(error)) throw error;
    if (error.code === "not_found") return;
    const code = error.message.startsWith("CIRCULAR_DEPENDENCY") ? "CIRCULAR_DEPENDENCY" : "TOO_LARGE";
    tell(linted, code, "$.steps", error.message.replace(/^[A-Z_]+: /u, ""));
  }
}

function lintCall(linted: Linted, step: Extract<Step, { type: "workflow" }>, byId: ReadonlyMap<string, Linted>, tell: Tell): void {
  const { line } = step;
  const callee = byId.get(step.workflow)?.definition;
  if (callee === undefined) {
    tell(linted, "UNDEFINED_REFERENCE", `$..${step.id}.workflow`, `There is no workflow \`${step.workflow}\`.`, {
      line,
      suggestion: suggestionFor(step.workflow, [...byId.keys()]),
    });
    return;
  }
  const { required, properties, additionalProperties } = callee.inputs;
  const names = Object.keys((properties as object | undefined) ?? {});
  for (const name of Array.isArray(required) ? (required as readonly string[]) : []) {
    if (!Object.hasOwn(step.inputs, name))
      tell(linted, "MISSING_REQUIRED_FIELD", `$..${step.id}.inputs`, `\`${callee.id}\` needs the input \`${name}\`.`, { line });
  }
  for (const name of Object.keys(step.inputs)) {
    if (additionalProperties !== false || names.includes(name)) continue;
    tell(linted, "UNDEFINED_REFERENCE", `$..${step.id}.inputs`, `\`${callee.id}\` has no input \`${name}\`.`, {
      line,
      suggestion: suggestionFor(name, names),
    });
  }
}

function lintVersion(linted: Linted, { published }: LintOptions, tell: Tell): void {
  const { definition } = linted;
  const before = published?.get(definition.id);
  if (before === undefined || before.version !== definition.version) return;
  if (before.digest === digestOfDefinitions({ [definition.id]: definition })) return;
  tell(linted, "WF180", "$.version", `The definition is not that of version ${definition.version} any more.`, {
    suggestion: "Raise the version.",
  });
}

function lintCapabilities(linted: Linted, bound: ReadonlySet<string>, tell: Tell): void {
  for (const step of everyStep(linted.definition)) {
    for (const capability of capabilitiesOf(step)) {
      if (bound.has(capability)) continue;
      tell(linted, "WF160", `$..${step.id}`, `The capability \`${capability}\` is not bound.`, {
        line: step.line,
        suggestion: suggestionFor(capability, [...bound]),
      });
    }
  }
}

/** Capabilities that a step itself calls by name. */
export function capabilitiesOf(step: Step): ReadonlySet<string> {
  const found = new Set<string>();
  const call = (one: { readonly capability?: string } | undefined): void => {
    if (one?.capability !== undefined) found.add(one.capability);
  };
  const probe = (one: Probe | undefined): void => (one?.kind === "tool" ? call(one) : undefined);
  if (step.type === "mcp_call") call(step);
  if (step.type === "check") probe(step.probe);
  if (step.type === "wait") probe(step.until?.probe);
  if (step.type === "prompt" || step.type === "delegate") for (const one of step.accept) probe(one.probe);
  probe(step.reconcile?.probe);
  if (step.compensate !== undefined && "call" in step.compensate) call(step.compensate.call);
  return found;
}
