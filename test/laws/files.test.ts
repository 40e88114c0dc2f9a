import { codeLaw, textLaw, type Violation } from "./law.ts";
import { isNode, isShipped, type Node, type Source } from "./repository.ts";

const LONGEST = 400;
const BANNED = /^(utils?|helpers?|common|misc|shared|lib)$/;
const CODE = /^(packages|servers|test|tooling)\/.*\.(ts|mjs|cjs)$/;

textLaw("Files are named for what they hold: kebab-case, no utils, helpers, common or misc", {
  check: (files) =>
    files
      .filter(({ path }) => CODE.test(path))
      .flatMap(({ path }) => {
        const words = path.split("/");
        const name = words.at(-1) ?? "";
        const stem = name.replace(/(\.contract)?(\.test|\.test-support|\.suite|\.config)?\.(ts|mjs|cjs)$/, "");
        const banned = [...words.slice(0, -1), stem].find((word) => BANNED.test(word));
        // A tool's file bears the tool's own name, which is in snake_case.
        const grammar = /\/src\/tools\//.test(path) ? /^[a-z0-9]+([-_][a-z0-9]+)*$/ : /^[a-z0-9]+(-[a-z0-9]+)*$/;
        if (banned !== undefined) return [`${path}: "${banned}" says nothing`];
        return grammar.test(stem) ? [] : [`${path}: not kebab-case`];
      }),
  broken: { "packages/ledger/src/utils.ts": "", "servers/terraform/src/common/x.ts": "", "packages/ledger/src/dataDirectory.ts": "" },
  kept: { "servers/terraform/src/tools/list_workflows.ts": "", "packages/ledger/src/data-directory.test.ts": "" },
});

textLaw(`A file of code is at most ${LONGEST} lines long (300 is the aim)`, {
  check: (files) =>
    files
      .filter(({ path }) => CODE.test(path))
      .map(({ path, text }) => ({ path, lines: text.split("\n").length }))
      .filter(({ path, lines }) => lines > (path.endsWith(".test.ts") ? 1.5 * LONGEST : LONGEST))
      .map(({ path, lines }) => `${path}: ${lines} lines`),
  broken: { "packages/ledger/src/planted.ts": "const x = 1;\n".repeat(LONGEST + 1) },
});

codeLaw("Every exported function says what it does", {
  check: (sources) => sources.filter((source) => isShipped(source.path)).flatMap(undocumented),
  broken: {
    "packages/ledger/src/planted.ts": "export function seal(): void {}",
    "packages/ledger/src/arrow.ts": "// not a docstring\nexport const seal = (): number => 1;",
  },
  kept: {
    "packages/ledger/src/planted.ts":
      "/** Seals. */\nexport async function seal(): Promise<void> {}\nexport const LIMIT = 3;\nfunction inner(): void {}",
  },
});

function undocumented(source: Source): Violation[] {
  const documentedUntil = new Set(source.comments.filter((one) => one.type === "Block" && one.value.startsWith("*")).map((one) => one.end));
  const hasDocstring = (node: Node): boolean =>
    [...documentedUntil].some((end) => end <= node.start && /^\s*$/.test(source.text.slice(end, node.start)));
  const body = source.program.body as unknown as Node[];
  const overloaded = new Set<string>();
  return body.flatMap((node) => {
    if (node.type !== "ExportNamedDeclaration" || !isNode(node["declaration"])) return [];
    const names = functionNames(node["declaration"]);
    if (hasDocstring(node)) for (const name of names) overloaded.add(name);
    // The docstring of the first of several overloads stands for all.
    return names
      .filter((name) => !overloaded.has(name))
      .map((name) => `${source.path}:${source.lineAt(node.start)}: ${name} has no docstring`);
  });
}

function functionNames(declaration: Node): string[] {
  const nameOf = (node: unknown): string => (isNode(node) ? String(node["name"]) : "?");
  if (/^(TSDeclareFunction|FunctionDeclaration)$/.test(declaration.type)) return [nameOf(declaration["id"])];
  if (declaration.type !== "VariableDeclaration" || !Array.isArray(declaration["declarations"])) return [];
  const isFunction = (one: Node): boolean => isNode(one["init"]) && /^(ArrowFunctionExpression|FunctionExpression)$/.test(one["init"].type);
  return (declaration["declarations"] as Node[]).filter(isFunction).map((one) => nameOf(one["id"]));
}
