import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { code, markdownTable } from "./markers.ts";

interface Described {
  readonly summary: string;
  readonly input: { readonly shape: Readonly<Record<string, { safeParse(value: unknown): { success: boolean } }>> };
}
interface Check extends Described {
  readonly name: string;
  readonly facts: Readonly<Record<string, string>>;
}
interface BuiltIn extends Described {
  readonly server: string;
  readonly tool: string;
  readonly readOnly: boolean;
}

/** Tables of what runbooks may name without a server to start: checks, and tools of our own. */
export async function executorParts(root: string): Promise<Map<string, string>> {
  const folder = join(root, "servers/meta-workflows/src/executors");
  const load = (path: string): Promise<unknown> => import(pathToFileURL(join(folder, path)).href);
  const { CHECKS } = (await load("checks/checks.ts")) as { CHECKS: ReadonlyMap<string, Check> };
  const { BUILT_IN_TOOLS } = (await load("tools/built-in-tools.ts")) as { BUILT_IN_TOOLS: ReadonlyMap<string, BuiltIn> };
  const checks = [...CHECKS.values()].map((check) => [code(check.name), check.summary, fields(check), facts(check)]);
  const tools = [...BUILT_IN_TOOLS.values()].map((tool) => [
    code(tool.server),
    code(tool.tool),
    tool.summary,
    fields(tool),
    tool.readOnly ? "reads" : "changes",
  ]);
  return new Map([
    ["checks", markdownTable(["check", "ok when", "with", "facts of `probe`"], checks)],
    ["built-in-tools", markdownTable(["server", "tool", "does", "args", "effect"], tools)],
  ]);
}

const facts = (check: Check): string =>
  ["`ok`", "`message`", ...Object.entries(check.facts).map(([name, meaning]) => `${code(name)}: ${meaning}`)].join("; ");

const fields = ({ input }: Described): string =>
  Object.entries(input.shape)
    .map(([name, schema]) => `${code(name)}${schema.safeParse(undefined).success ? "?" : ""}`)
    .join(", ");
