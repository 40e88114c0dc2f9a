import type { Json } from "../definition/definition.ts";
import { digestOf, fillTemplate } from "../expression/index.ts";
import type { ApprovalDraft, CallOptions, CallOutcome, ServerCall } from "../run/index.ts";
import { fits } from "./partial-match.ts";
import { isStep } from "./step-pattern.ts";
import type { Mock, MockOutcome, Scenario } from "./scenario.ts";
import type { World } from "./world.ts";

type Decision = ReturnType<World["approval"]>;

type MockedScenario = Pick<Scenario, "calls" | "approvals"> & Partial<Pick<Scenario, "held_locks">>;

/** Answers calls and approvals as a scenario says. */
export class MockWorld implements World {
  /** Calls for which the scenario has no answer. */
  readonly missing: string[] = [];
  readonly #scenario: MockedScenario;
  readonly #turns = new Map<Mock, number>();

  constructor(scenario: MockedScenario) {
    this.#scenario = scenario;
  }

  call(call: ServerCall, { path }: CallOptions): { readonly outcome: CallOutcome; readonly takes: number } {
    const mock = this.#scenario.calls.find((one) => isFor(one, call));
    if (mock === undefined) {
      this.missing.push(`${nameOf(call)} (step ${path.replace(/#.*$/, "")})`);
      return { outcome: { status: "failed", code: "not_mocked", message: `The scenario says nothing about ${nameOf(call)}.` }, takes: 0 };
    }
    const turn = this.#turns.get(mock) ?? 0;
    this.#turns.set(mock, turn + 1);
    const said: MockOutcome = mock.in_turn?.[Math.min(turn, mock.in_turn.length - 1)] ?? mock;
    return { outcome: outcomeOf(said, call), takes: said.takes ?? mock.takes ?? 0 };
  }

  approval(draft: ApprovalDraft): Decision {
    const said = Object.entries(this.#scenario.approvals).find(([pattern]) => isStep(pattern, draft.path))?.[1] ?? "nobody";
    if (said === "nobody") return undefined;
    if (typeof said === "string") return { decision: said === "approve" ? "approved" : "rejected", after: 0, by: "tty:someone" };
    const { decision, after, by, reason, about } = said;
    return {
      decision: decision === "approve" ? "approved" : "rejected",
      after,
      by: by ?? "tty:someone",
      ...(reason === undefined ? {} : { reason }),
      ...(about === undefined ? {} : { digest: digestOf(about) }),
    };
  }

  lock(name: string): ReturnType<NonNullable<World["lock"]>> {
    return this.#scenario.held_locks?.find((held) => held.name === name);
  }

  digest(value: Json): string {
    return digestOf(value);
  }
}

function isFor(mock: Mock, call: ServerCall): boolean {
  return isNamed(mock, call) && (mock.with === undefined || fits(argumentsOf(call), mock.with));
}

function isNamed({ capability, server, tool, check, argv }: Mock, call: ServerCall): boolean {
  if (call.kind === "check") return check === call.check;
  if (call.kind === "program") return argv !== undefined && argv.every((word, at) => call.argv[at] === word);
  if (capability !== undefined) return capability === call.capability;
  return tool !== undefined && tool === call.tool && (server === undefined || server === call.server);
}

function argumentsOf(call: ServerCall): Json {
  if (call.kind === "tool") return call.args;
  if (call.kind === "check") return call.with;
  return { argv: call.argv, env: call.env, cwd: call.cwd ?? null, stdin: call.stdin ?? null };
}

function outcomeOf({ gives, fails, unknown }: MockOutcome, call: ServerCall): CallOutcome {
  if (fails !== undefined) {
    const { code, message, output } = fails;
    return { status: "failed", code, message, ...(output === undefined ? {} : { output }) };
  }
  if (unknown !== undefined) return { status: "unknown", message: unknown };
  return { status: "done", output: fillTemplate(gives ?? null, { args: argumentsOf(call) }), simulated: true };
}

/** How people name a call: its capability, tool, check, or program. */
export function nameOf(call: ServerCall): string {
  if (call.kind === "check") return call.check;
  if (call.kind === "program") return call.argv.join(" ");
  return call.capability ?? (call.server === undefined ? (call.tool ?? "?") : `${call.server}.${call.tool}`);
}
