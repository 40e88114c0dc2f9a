import type { AgentWork, Effects, JsonSchema, OnError, Retry, Step, StepType } from "./definition.ts";
import { defined, type StepDefaults } from "./reading.ts";
import { toProbe, toProgramCall, toToolCall } from "./shape/calls.ts";
import type { Shape } from "./shape/steps.ts";

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;

const EFFECTS: Readonly<Partial<Record<StepType, Effects>>> = { shell: "write", mcp_call: "write", check: "read", wait: "read" };
const TIMEOUTS: Readonly<Partial<Record<StepType, number>>> = { shell: 2 * MINUTE };
const TRIED: ReadonlySet<StepType> = new Set(["shell", "mcp_call", "check", "approval", "ask", "set_state", "return", "fail"]);
const RETRY: Retry = { attempts: 3, initial: SECOND, backoff: 2 };
const ONCE: Retry = { attempts: 1, initial: SECOND, backoff: 2 };

/** Step lists of a step, by where they stand in it: `then`, `branches.name`, `cases.0.steps`. */
export type Children = ReadonlyMap<string, readonly Step[]>;

/** True where `timeout` is the time of one try of a call, or of nothing; everywhere else it is of the whole step. */
export function timesOneTry(type: StepType): boolean {
  return TRIED.has(type);
}

/** A step in its normal form: defaults applied, calls told apart, lists of steps in their places. */
export function normalStep<Type extends StepType>(
  type: Type,
  shape: Shape<Type>,
  children: Children,
  defaults: StepDefaults,
  line: number | undefined,
): Step {
  const own = OWN[type] as (shape: Shape<Type>, children: Children, defaults: StepDefaults) => object;
  return {
    ...common(type, shape, children, defaults),
    ...own(shape, children, defaults),
    type,
    ...(line === undefined ? {} : { line }),
  } as unknown as Step;
}

/** A number of attempts, or all of it. */
export function normalRetry(retry: number | { attempts: number; initial?: number | undefined; backoff?: number | undefined }): Retry {
  if (typeof retry === "number") return { ...RETRY, attempts: retry };
  return { attempts: retry.attempts, initial: retry.initial ?? RETRY.initial, backoff: retry.backoff ?? RETRY.backoff };
}

function common(type: StepType, shape: Shape<StepType>, children: Children, defaults: StepDefaults): object {
  const effects = shape.effects ?? EFFECTS[type] ?? "none";
  const idempotent = shape.idempotent ?? (effects === "none" || effects === "read");
  const retry = shape.retry === undefined ? defaults.retry : normalRetry(shape.retry);
  return defined({
    id: shape.id,
    title: shape.title,
    when: shape.when,
    effects,
    idempotent,
    timeout: shape.timeout ?? defaults.timeout ?? TIMEOUTS[type] ?? MINUTE,
    time_limit: timesOneTry(type) ? undefined : shape.timeout,
    retry: retry ?? (idempotent ? RETRY : ONCE),
    on_error: onError(shape.on_error, children),
    compensate: shape.compensate,
    reconcile: shape.reconcile,
    guard: shape.guard,
    output_to: shape.output_to,
    needs_state: neededState(shape.needs_state),
    output: outputSchema(shape.output, defaults),
    risk: shape.risk,
  });
}

function onError(written: unknown, children: Children): OnError {
  if (Array.isArray(written)) return { then: "steps", steps: children.get("on_error") ?? [] };
  return { then: (written as "stop" | "continue" | "compensate" | undefined) ?? "stop" };
}

/** Fields of the state at its top; `*` is all of it. */
function neededState(written: readonly string[] | undefined): readonly string[] | undefined {
  if (written === undefined || written.includes("*")) return undefined;
  return [...new Set(written.map((path) => path.replace(/^state\./u, "").split(".", 1)[0] ?? path))];
}

function outputSchema(written: { schema: JsonSchema } | JsonSchema | undefined, defaults: StepDefaults): JsonSchema | undefined {
  if (written === undefined) return undefined;
  const { schema } = written;
  const isWrapped = typeof schema === "object" && schema !== null && !Array.isArray(schema) && Object.keys(written).length === 1;
  return defaults.standAlone(isWrapped ? (schema as JsonSchema) : (written as JsonSchema));
}

const stepsAt = (children: Children, key: string): readonly Step[] => children.get(key) ?? [];

const object = (properties: JsonSchema): JsonSchema => ({ type: "object", required: Object.keys(properties), properties });

function answerSchema(type: string, options: readonly string[] | undefined): JsonSchema {
  switch (type) {
    case "info":
      return object({ acknowledged: { type: "boolean" } });
    case "confirm":
      return object({ confirmed: { type: "boolean" } });
    case "text":
      return object({ input: { type: "string" } });
    case "choice":
      return object({ selected: options === undefined ? { type: "string" } : { enum: options } });
    default:
      return {};
  }
}

function agentWork(shape: Shape<"delegate">, defaults: StepDefaults, answer: JsonSchema): AgentWork {
  return defined({
    instructions: shape.instructions,
    give: shape.give ?? {},
    result: shape.result === undefined ? answer : defaults.standAlone(shape.result),
    accept: (shape.accept ?? []).map(({ check, probe, say }) =>
      defined({ check, probe, say: say ?? `The server's check did not hold: ${check}` }),
    ),
    evidence: shape.evidence ?? [],
    role: shape.role,
    lease: shape.lease ?? defaults.lease ?? 15 * MINUTE,
    deadline: shape.deadline,
    on_deadline: shape.on_deadline ?? "escalate",
    max_attempts: shape.max_attempts ?? 3,
  });
}

type Own = { readonly [Type in StepType]: (shape: Shape<Type>, children: Children, defaults: StepDefaults) => object };

const OWN: Own = {
  condition: (shape, children) => ({ if: shape.if, then: stepsAt(children, "then"), else: stepsAt(children, "else") }),
  set_state: (shape) => ({ updates: shape.updates }),
  foreach: (shape, children) =>
    defined({
      items: shape.items,
      as: shape.as ?? "item",
      steps: shape.steps === undefined ? undefined : stepsAt(children, "steps"),
      task: shape.task?.replace(/^@/u, ""),
      with: shape.with,
      agent: shape.agent?.replace(/^@/u, ""),
      max_parallel: shape.max_parallel ?? 5,
      limit: shape.limit ?? 100,
      on_item_error: shape.on_item_error ?? "stop",
    }),
  return: (shape) => ({ value: shape.value ?? null }),
  shell: (shape) =>
    defined({
      ...toProgramCall({ ...shape, argv: shape.argv ?? [] }),
      command: shape.command,
      runs_on: shape.runs_on ?? (shape.argv === undefined ? "client" : "server"),
    }),
  mcp_call: (shape) => ({
    ...toToolCall(shape),
    runs_on: shape.runs_on ?? (shape.capability !== undefined || shape.server !== undefined ? "server" : "client"),
  }),
  prompt: (shape, _children, defaults) => {
    const kind = shape.prompt_type ?? "task";
    return defined({ ...agentWork(shape, defaults, answerSchema(kind, shape.options)), prompt_type: kind, options: shape.options });
  },
  wait: (shape) =>
    defined({
      message: shape.message,
      for: shape.for,
      event: shape.event,
      until: shape.until && {
        probe: toProbe(shape.until),
        holds_when: shape.until.holds_when,
        every: shape.until.every ?? 30 * SECOND,
        hold: shape.until.hold ?? 0,
        within: shape.until.within,
      },
    }),
  delegate: (shape, _children, defaults) => agentWork(shape, defaults, {}),
  parallel: (shape, children) => ({
    branches: Object.fromEntries(Object.keys(shape.branches).map((name) => [name, stepsAt(children, `branches.${name}`)])),
    join: shape.join ?? "all",
    on_branch_error: shape.on_branch_error ?? "stop",
  }),
  switch: (shape, children) => ({
    cases: shape.cases.map(({ when }, index) => ({ when, steps: stepsAt(children, `cases.${index}.steps`) })),
    else: stepsAt(children, "else"),
  }),
  loop: (shape, children) => ({ while: shape.while, max: shape.max, steps: stepsAt(children, "steps") }),
  approval: (shape, children) =>
    defined({
      subject: shape.subject ?? shape.bind,
      bind: shape.bind,
      show: shape.show,
      environment: shape.environment,
      min: shape.min ?? 1,
      wait_at_most: shape.wait_at_most ?? 24 * HOUR,
      on_timeout: shape.on_timeout ?? "reject",
      on_reject: Array.isArray(shape.on_reject) ? { then: "steps", steps: stepsAt(children, "on_reject") } : { then: "decline" },
    }),
  ask: (shape, _children, defaults) =>
    defined({
      question: shape.question,
      result: defaults.standAlone(shape.result),
      wait_at_most: shape.wait_at_most ?? 24 * HOUR,
      default: shape.default,
    }),
  check: (shape) => defined({ that: shape.that, probe: shape.probe, say: shape.say, on_fail: shape.on_fail ?? "fail" }),
  workflow: (shape) => ({ workflow: shape.workflow, inputs: shape.inputs ?? {} }),
  fail: (shape) => defined({ message: shape.message, code: shape.code }),
};
