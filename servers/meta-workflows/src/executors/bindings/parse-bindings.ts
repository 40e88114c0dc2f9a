import type { Problem } from "@platform-ops/meta-workflow-registry";
import type { Json } from "@platform-ops/meta-workflow-registry/definition";
import { templateExpressions } from "@platform-ops/meta-workflow-registry/expression";
import { LineCounter, isMap, isPair, isScalar, isSeq, parseDocument, type Document, type Node } from "yaml";
import { z } from "zod";
import type { Binding, Bindings, SimulatedAnswer } from "./bindings.ts";

const MAX_BYTES = 256 * 1024;
const MAX_PROBLEMS = 100;
const name = z.string().regex(/^[a-z0-9][a-z0-9_-]{0,62}$/i, "must be a name of letters, digits, - and _");
const template = z.json();

const answer = z
  .strictObject({
    with: z.record(z.string().max(200), template).default({}),
    output: template.optional(),
    fail: z
      .strictObject({ code: z.string().regex(/^[a-z][a-z0-9_]{0,62}$/, "must be a code in snake_case"), message: z.string().max(2_000) })
      .optional(),
    unknown: z.string().max(2_000).optional(),
  })
  .refine(({ output, fail, unknown }) => [output, fail, unknown].filter((one) => one !== undefined).length === 1, {
    message: "must have exactly one of output, fail, unknown",
  });

const toTool = z.strictObject({
  server: name,
  tool: z.string().regex(/^[A-Za-z0-9_.-]{1,128}$/, "must be the name of a tool"),
  args: z.record(z.string().max(200), template).optional(),
  output: template.optional(),
});
const simulated = z.strictObject({ simulated: z.array(answer).min(1).max(200) });

const shape = z.strictObject({
  schema: z.literal("bindings/v1"),
  capabilities: z
    .record(
      z.string().regex(/^[a-z][a-z0-9_-]*(\.[a-z][a-z0-9_-]*)+$/, "must be two or more words joined by dots, as deploy.plan"),
      z.record(z.string(), z.unknown()),
    )
    .refine((all) => Object.keys(all).length <= 500, "must be at most 500 capabilities"),
});

type Path = readonly (string | number)[];

/** What a `bindings.yaml` says, or every problem of it with its line. `file` names it in the problems. */
export function parseBindings(
  text: string,
  file: string,
):
  | { readonly bindings: Bindings; readonly problems: readonly [] }
  | { readonly bindings: undefined; readonly problems: readonly Problem[] } {
  const problems: Problem[] = [];
  const lines = new LineCounter();
  const add = (code: string, offset: number, message: string, path?: string): void => {
    const { line, col } = lines.linePos(offset);
    if (problems.length < MAX_PROBLEMS)
      problems.push({
        code,
        severity: "error",
        message,
        file,
        line: Math.max(1, line),
        column: Math.max(1, col),
        ...(path === undefined ? {} : { path }),
      });
  };
  const refused = () => ({ bindings: undefined, problems: problems.toSorted((a, b) => a.line - b.line) });
  if (Buffer.byteLength(text) > MAX_BYTES) {
    add("too_large", 0, `The file has more than ${MAX_BYTES} bytes.`);
    return refused();
  }
  const read = readText(text, lines, add);
  if (read === undefined) return refused();
  const { document, value } = read;
  const report = (issues: readonly z.core.$ZodIssue[], base: Path): void => {
    for (const issue of issues) {
      const path = [...base, ...issue.path.filter((part) => typeof part !== "symbol")];
      if (issue.code === "unrecognized_keys")
        for (const key of issue.keys)
          add("unknown_field", offsetOf(document, [...path, key]), `${key} is not known here.`, [...path, key].join("."));
      else add("invalid_value", offsetOf(document, path), `${path.at(-1) ?? "The file"}: ${issue.message}.`, path.join("."));
    }
  };
  const whole = shape.safeParse(value);
  if (!whole.success) {
    report(whole.error.issues, []);
    return refused();
  }
  const capabilities: Record<string, Binding> = {};
  for (const [key, given] of Object.entries(whole.data.capabilities)) {
    const path = ["capabilities", key];
    const kind = "simulated" in given ? simulated.safeParse(given) : toTool.safeParse(given);
    if (!kind.success) {
      report(kind.error.issues, path);
      continue;
    }
    capabilities[key] = bindingOf(kind.data);
    for (const fault of templateFaults(kind.data as Json)) add("invalid_template", offsetOf(document, path), fault, path.join("."));
  }
  return problems.length > 0 ? refused() : { bindings: { capabilities }, problems: [] };
}

function bindingOf(given: z.infer<typeof toTool> | z.infer<typeof simulated>): Binding {
  if ("simulated" in given) return { kind: "simulated", answers: given.simulated as SimulatedAnswer[] };
  const { server, tool, args, output } = given;
  return {
    kind: "tool",
    server,
    tool,
    ...(args === undefined ? {} : { args: args as { [name: string]: Json } }),
    ...(output === undefined ? {} : { output: output as Json }),
  };
}

function templateFaults(value: Json): string[] {
  try {
    templateExpressions(value);
    return [];
  } catch (error) {
    return [error instanceof Error ? error.message : "a template cannot be read"];
  }
}

function readText(
  text: string,
  lines: LineCounter,
  add: (code: string, offset: number, message: string) => void,
): { document: Document; value: unknown } | undefined {
  try {
    const document = parseDocument(text, { lineCounter: lines, prettyErrors: false, schema: "core", uniqueKeys: true, stringKeys: true });
    for (const fault of [...document.errors, ...document.warnings]) add("yaml_syntax", fault.pos[0], fault.message);
    if (document.errors.length + document.warnings.length > 0) return undefined;
    return { document, value: document.toJS({ maxAliasCount: 100 }) };
  } catch (error) {
    add(
      "yaml_syntax",
      0,
      error instanceof RangeError ? "The text is nested too deeply." : "The text unfolds to too much, or cannot be read.",
    );
    return undefined;
  }
}

/** Where a value stands; the nearest that exists around it where it does not. */
function offsetOf(document: Document, path: Path): number {
  let node: unknown = document.contents;
  let offset = (node as Node | null)?.range?.[0] ?? 0;
  for (const step of path) {
    if (isSeq(node) && typeof step === "number") node = node.items[step];
    else if (isMap(node)) {
      const pair: unknown = node.items.find((item) => isPair(item) && isScalar(item.key) && String(item.key.value) === String(step));
      if (!isPair(pair)) break;
      offset = (pair.key as Node).range?.[0] ?? offset;
      node = pair.value;
      continue;
    } else break;
    offset = (node as Node | undefined)?.range?.[0] ?? offset;
  }
  return offset;
}
