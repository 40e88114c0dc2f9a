import { Environment } from "@marcbachmann/cel-js";
import { PARSE_LIMITS } from "./limits.ts";
import { LIST_FUNCTIONS } from "./list-functions.ts";
import { charged, measured } from "./meter.ts";
import { BOUNDED_METHODS, CHARGED, MEASURED } from "./metered-source.ts";
import { containsText, indexOfText, joinTexts, lastIndexOfText, splitText, TEXT_FUNCTIONS } from "./text-functions.ts";

const FUNCTIONS = { ...TEXT_FUNCTIONS, ...LIST_FUNCTIONS };

type Handler = (...args: unknown[]) => unknown;

/** A function object of the environment's own: the language's library keeps a mark on each, and one that we export may be frozen. */
function own(handler: unknown): Handler {
  return (handler as Handler).bind(undefined);
}

// JSON numbers arrive as doubles and literals are integers: without these `inputs.n + 1` has no overload.
const MIXED: readonly (readonly [string, (left: number, right: number) => number])[] = [
  ["+", (left, right) => left + right],
  ["-", (left, right) => left - right],
  ["*", (left, right) => left * right],
  ["/", (left, right) => left / right],
  ["%", (left, right) => left % right],
];

/**
 * A new environment of the language with our functions and operators.
 * @param declared true: only declared variables are known, for checking; false: every variable may be anything, for running.
 */
export function newEnvironment(declared: boolean, limits: typeof PARSE_LIMITS = PARSE_LIMITS): Environment {
  const environment = new Environment({
    unlistedVariablesAreDyn: !declared,
    homogeneousAggregateLiterals: false,
    enableOptionalTypes: true,
    limits,
  });
  for (const [operator, apply] of MIXED) {
    const both = (left: unknown, right: unknown): number => apply(Number(left), Number(right));
    environment.registerOperator(`double ${operator} int`, both);
    environment.registerOperator(`int ${operator} double`, both);
    if (operator === "%") environment.registerOperator("double % double", both);
  }
  environment.registerOperator("double == int", (left: unknown, right: unknown) => Number(left) === Number(right));
  for (const [signature, [handler]] of Object.entries(FUNCTIONS)) environment.registerFunction(signature, own(handler));
  environment.registerFunction("default(ast, ast): dyn", defaultMacro as unknown as Handler);
  return environment;
}

/** The environment in which metered expressions run. Not for reading authors' text: it knows the meter's own functions. */
export function newRunEnvironment(): Environment {
  const room = { maxAstNodes: 40_000, maxDepth: 500, maxListElements: 500, maxMapEntries: 200, maxCallArguments: 8 };
  const environment = newEnvironment(false, room);
  environment.registerFunction(`${MEASURED}(dyn): dyn`, own(measured));
  environment.registerFunction(`${CHARGED}(dyn): dyn`, own(charged));
  const stands: Readonly<Record<string, readonly [Handler, readonly string[]]>> = {
    contains: [containsText as Handler, ["string, string"]],
    indexOf: [indexOfText as Handler, ["string, string", "string, string, int"]],
    lastIndexOf: [lastIndexOfText as Handler, ["string, string", "string, string, int"]],
    split: [splitText as Handler, ["string, string", "string, string, int"]],
    join: [joinTexts as Handler, ["list", "list, string"]],
  };
  for (const [method, [handler, parameters]] of Object.entries(stands)) {
    for (const list of parameters) environment.registerFunction(`${BOUNDED_METHODS[method]}(${list}): dyn`, own(handler));
  }
  return environment;
}

/** Signatures of our functions with what they do, for docs and suggestions. */
export function expressionFunctions(): readonly { readonly signature: string; readonly description: string }[] {
  return [
    ...Object.entries(FUNCTIONS).map(([signature, [, description]]) => ({ signature, description })),
    { signature: "default(value, fallback): dyn", description: "The value, or the fallback where the value is null or is not there." },
  ];
}

interface MacroNode {
  readonly args: unknown;
}
interface Walker {
  check(node: unknown, context: unknown): unknown;
  getType(name: string): unknown;
  tryEval(node: unknown, context: unknown): unknown;
  run(node: unknown, context: unknown): unknown;
}

const ABSENT: ReadonlySet<unknown> = new Set(["no_such_key", "unknown_variable", "index_out_of_bounds"]);

/** `default(a.b, c)`: c where a.b is null or absent; other failures of a.b stay failures. */
function defaultMacro({ args }: { args: readonly [MacroNode, MacroNode] }): object {
  return {
    typeCheck(checker: Walker, _macro: unknown, context: unknown): unknown {
      checker.check(args[0], context);
      checker.check(args[1], context);
      return checker.getType("dyn");
    },
    evaluate(evaluator: Walker, _macro: unknown, context: unknown): unknown {
      const value = evaluator.tryEval(args[0], context);
      if (value instanceof Error && !ABSENT.has((value as { code?: unknown }).code)) throw value;
      return value === null || value === undefined || value instanceof Error ? evaluator.run(args[1], context) : value;
    },
  };
}
