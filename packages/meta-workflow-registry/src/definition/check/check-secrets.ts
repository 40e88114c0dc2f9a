import { compileExpression, ExpressionError, templateExpressions } from "../../expression/index.ts";
import type { Json } from "../definition.ts";
import { secretNameIn } from "../secret-reference.ts";
import type { Path } from "../yaml-text.ts";
import type { Checking } from "./view.ts";

/**
 * Checks that every secret of `env` or `args` is a whole field. What stands beside one, or around it in an expression or a map, would
 * have to be put together with its value before the call, where the run's history is written.
 */
export function checkSecretsAlone(fields: Json, path: Path, { problems }: Checking): void {
  for (const { path: inner, source } of templateExpressions(fields)) {
    const name = secretIn(source);
    if (name === undefined) continue;
    const text = valueAt(fields, inner);
    const isWhole = secretNameIn(text) !== undefined;
    if (isWhole && inner.length === 1) continue;
    const words = isWhole
      ? `The secret \`${name}\` stands inside a value; only a whole field can be a secret.`
      : `The secret \`${name}\` stands beside other text, or in an expression: it would not be filled in.`;
    problems.add("WF111", [...path, ...inner], words, {
      ...(typeof text === "string" ? { within: { text: source, offset: Math.max(0, source.indexOf("secrets")) } } : {}),
      suggestion: isWhole
        ? `Let the secret hold the whole value of the field \`${String(inner[0])}\`, and write \`\${{ secrets.${name} }}\` there.`
        : `Let the secret hold the whole text (\`Bearer …\`), and write \`\${{ secrets.${name} }}\` alone.`,
    });
  }
}

/** The first secret that an expression reads; what cannot be read is told elsewhere. */
function secretIn(source: string): string | undefined {
  try {
    return compileExpression(source).references.find(({ path: [root] }) => root === "secrets")?.path[1];
  } catch (error) {
    if (error instanceof ExpressionError) return undefined;
    throw error;
  }
}

function valueAt(value: Json, path: readonly (string | number)[]): Json {
  return path.reduce<Json>((inner, part) => (inner as Record<string | number, Json>)[part] ?? null, value);
}
