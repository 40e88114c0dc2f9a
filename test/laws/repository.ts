import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { dirname, join, normalize } from "node:path";
import { fileURLToPath } from "node:url";
import { parseSync, type Comment, type Program } from "oxc-parser";

export const ROOT = dirname(dirname(dirname(fileURLToPath(import.meta.url))));

/** A text file of the repository; `path` is relative to its root, with `/`. */
export interface TextFile {
  readonly path: string;
  readonly text: string;
}

/** How a module is named: `type` imports vanish before anything runs, `dynamic` ones load later. */
export interface Import {
  readonly specifier: string;
  readonly kind: "value" | "type" | "dynamic";
  readonly line: number;
}

/** A TypeScript or JavaScript file with what the laws look at. */
export interface Source extends TextFile {
  readonly program: Program;
  readonly comments: readonly Comment[];
  readonly imports: readonly Import[];
  lineAt(offset: number): number;
}

const BINARY = /\.(png|gif|zip|tgz|tfplan|bin|db|ico)$/;

/** All text files that are, or would be, committed. */
export function textFiles(): TextFile[] {
  const list = execFileSync("git", ["-C", ROOT, "ls-files", "--cached", "--others", "--exclude-standard", "-z"], { encoding: "utf8" });
  const paths = list.split("\0").filter((path) => path !== "" && !BINARY.test(path) && existsSync(join(ROOT, path)));
  return paths.map((path) => ({ path, text: readFileSync(join(ROOT, path), "utf8") }));
}

/** All code of the repository, parsed once. */
export function sources(): Source[] {
  parsed ??= textFiles()
    .filter((file) => isCode(file.path))
    .map(parse);
  return parsed;
}
let parsed: Source[] | undefined;

/** Code that ships: no tests and nothing that only tests use. */
export function isShipped(path: string): boolean {
  return (
    /^(packages|servers)\/[^/]+\/src\//.test(path) &&
    !/\.test\.ts$|\.test-support\.ts$|\/testing(\.ts|\/)|\/fixtures?\/|\/testdata\//.test(path)
  );
}

/** Parses one file. A planted violation goes through the same door. */
export function parse(file: TextFile): Source {
  const { program, comments, module, errors } = parseSync(file.path, file.text);
  if (errors.length > 0) throw new Error(`${file.path}: ${errors[0]?.message}`);
  const lineAt = (offset: number): number => file.text.slice(0, offset).split("\n").length;
  const imports: Import[] = [];
  const add = (specifier: string, kind: Import["kind"], offset: number): void =>
    void imports.push({ specifier, kind, line: lineAt(offset) });
  for (const one of module.staticImports)
    add(one.moduleRequest.value, one.entries.length > 0 && one.entries.every((entry) => entry.isType) ? "type" : "value", one.start);
  for (const one of module.staticExports) {
    const from = one.entries.find((entry) => entry.moduleRequest !== null)?.moduleRequest;
    if (from) add(from.value, one.entries.every((entry) => entry.isType) ? "type" : "value", one.start);
  }
  for (const one of module.dynamicImports)
    add(unquote(file.text.slice(one.moduleRequest.start, one.moduleRequest.end)), "dynamic", one.start);
  walk(program, (node) => {
    // import("x").T in a type, require("x") and import x = require("x")
    const literal =
      node.type === "TSImportType" ? node["source"] : node.type === "TSExternalModuleReference" ? node["expression"] : undefined;
    if (isNode(literal)) add(String(literal["value"]), node.type === "TSImportType" ? "type" : "value", node.start);
    const callee = node["callee"];
    const [first] = Array.isArray(node["arguments"]) ? node["arguments"] : [];
    if (node.type === "CallExpression" && isNode(callee) && callee["name"] === "require" && isNode(first))
      add(String(first["value"]), "value", node.start);
  });
  return { ...file, program, comments, imports, lineAt };
}

/** A node of the syntax tree, as far as the laws need to know one. */
export interface Node extends Readonly<Record<string, unknown>> {
  readonly type: string;
  readonly start: number;
  readonly end: number;
}

/** True for a node of the syntax tree. */
export function isNode(value: unknown): value is Node {
  return typeof value === "object" && value !== null && typeof (value as Node).type === "string";
}

/** Calls `visit` for every node below and including `root`. */
export function walk(root: unknown, visit: (node: Node) => void): void {
  if (Array.isArray(root)) return root.forEach((one) => walk(one, visit));
  if (!isNode(root)) return;
  visit(root);
  for (const [key, value] of Object.entries(root)) if (key !== "parent" && typeof value === "object") walk(value, visit);
}

/** `packages/ledger`, `servers/terraform`, `test`, `tooling`, or "" for files at the root. */
export function roomOf(path: string): string {
  return /^(packages|servers)\/[^/]+/.exec(path)?.[0] ?? /^(test|tooling)(?=\/)/.exec(path)?.[0] ?? "";
}

/** The path that a relative specifier leads to. */
export function resolveRelative(from: string, specifier: string): string {
  return normalize(join(dirname(from), specifier));
}

/** `@scope/name` of a bare specifier, without what follows. */
export function packageOf(specifier: string): string {
  return specifier
    .split("/")
    .slice(0, specifier.startsWith("@") ? 2 : 1)
    .join("/");
}

function isCode(path: string): boolean {
  return /\.(ts|mts|cts|js|mjs|cjs)$/.test(path);
}

function unquote(text: string): string {
  return /^["'`](.*)["'`]$/s.exec(text.trim())?.[1] ?? text;
}
