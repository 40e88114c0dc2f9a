import { serialize } from "@marcbachmann/cel-js";
import type { ASTNode } from "@marcbachmann/cel-js";
import type { Expression, Json, Template } from "../definition/definition.ts";
import { compileExpression, evaluate, ExpressionError, fillTemplate, templateExpressions } from "../expression/index.ts";

/** A value that is known before the run, or why it is not. */
export type Known<T> = { readonly value: T } | { readonly unknown: string };

/** Values by name, and the names whose values are not known; a name in neither is known not to be there. */
export class Values {
  readonly #known: Map<string, Json>;
  readonly #open: Set<string>;
  readonly #none: boolean;

  /** @param none true: nothing at all is known */
  constructor(known: Iterable<readonly [string, Json]> = [], open: Iterable<string> = [], none = false) {
    this.#known = new Map(known);
    this.#open = new Set(open);
    this.#none = none;
  }

  copy(): Values {
    return new Values(this.#known, this.#open, this.#none);
  }

  knows(name: string): boolean {
    return !this.#none && !this.#open.has(name);
  }

  set(name: string, value: Json): void {
    this.#known.set(name, value);
    this.#open.delete(name);
  }

  forget(name: string): void {
    this.#known.delete(name);
    this.#open.add(name);
  }

  get all(): { readonly [name: string]: Json } {
    return Object.fromEntries(this.#known);
  }
}

/** What is known of a run's variables at one place of its definition. */
export class Knowledge {
  readonly #inputs: Values;
  readonly #state: Values;
  readonly #env: { readonly [name: string]: Json };
  /** Fields of the state that were written since this was forked off. */
  readonly written = new Set<string>();

  constructor(inputs: Values, env: { readonly [name: string]: Json }, state = new Values()) {
    this.#inputs = inputs;
    this.#state = state;
    this.#env = env;
  }

  /** The same, to go on with a way that may not be taken. */
  fork(): Knowledge {
    return new Knowledge(this.#inputs, this.#env, this.#state.copy());
  }

  /** A field of the state gets a value, or one that is not known. */
  write(path: string, value: Known<Json>): void {
    const [field = path, ...inner] = path.split(".");
    this.written.add(field);
    if ("value" in value && inner.length === 0) this.#state.set(field, value.value);
    else this.#state.forget(field);
  }

  /** Takes over that fields were written on a way that may have been taken. */
  forget(fields: Iterable<string>): void {
    for (const field of fields) {
      this.written.add(field);
      this.#state.forget(field);
    }
  }

  /** A condition, decided as far as what is known decides it. */
  holds(source: Expression): Known<boolean> {
    const found = this.expression(source);
    if (!("value" in found)) return found;
    return typeof found.value === "boolean" ? { value: found.value } : { unknown: `\`${shorten(source)}\` is neither true nor false` };
  }

  /** The value of an expression. */
  expression(source: Expression): Known<Json> {
    try {
      return this.#node(compileExpression(source).ast, source);
    } catch (error) {
      if (error instanceof ExpressionError) return { unknown: error.message };
      throw error;
    }
  }

  /** A template with all of it known, or why it is not. */
  template(template: Template): Known<Json> {
    try {
      for (const { source } of templateExpressions(template)) {
        const missing = this.#missing(source);
        if (missing !== undefined) return { unknown: missing };
      }
      return { value: fillTemplate(template, this.#scope()) };
    } catch (error) {
      if (error instanceof ExpressionError) return { unknown: error.message };
      throw error;
    }
  }

  /** A value that one side alone decides is known without the other. */
  #node(node: ASTNode, source: string): Known<Json> {
    const missing = this.#missing(source);
    if (missing === undefined) return { value: evaluate(compileExpression(source), this.#scope()) };
    const part = (one: ASTNode): Known<Json> => this.expression(serialize(one));
    if (node.op === "&&" || node.op === "||") {
      const decides = node.op === "||";
      const sides = node.args.map(part);
      if (sides.some((side) => "value" in side && side.value === decides)) return { value: decides };
    } else if (node.op === "!_") {
      const inner = part(node.args);
      if ("value" in inner && typeof inner.value === "boolean") return { value: !inner.value };
    } else if (node.op === "?:") {
      const [condition, then, otherwise] = node.args;
      const found = part(condition);
      if ("value" in found) return part(found.value === true ? then : otherwise);
    }
    return { unknown: missing };
  }

  /** What an expression reads that is not known; undefined where all of it is. */
  #missing(source: string): string | undefined {
    for (const { path } of compileExpression(source).references) {
      const [root, field] = path;
      const of = root === "inputs" ? this.#inputs : root === "state" ? this.#state : undefined;
      if (root === "env" || (of !== undefined && field !== undefined && of.knows(field))) continue;
      return `reads \`${path.join(".")}\`, which is known only when the run is there`;
    }
    return compileExpression(source).source.includes("now()") ? "reads the time" : undefined;
  }

  #scope(): { readonly [name: string]: Json } {
    return { inputs: this.#inputs.all, state: this.#state.all, env: this.#env };
  }
}

const shorten = (text: string): string => (text.length > 80 ? `${text.slice(0, 79)}…` : text);
