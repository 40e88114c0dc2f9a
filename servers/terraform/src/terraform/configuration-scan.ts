import { createHash } from "node:crypto";
import { readFile, readdir } from "node:fs/promises";
import { join, resolve } from "node:path";

/** What of a configuration decides whether `init` has to run, found without running anything. */
export interface ConfigurationScan {
  /** Files that the program would read in the folder itself. */
  readonly files: number;
  /** SHA-256 over the text that matters to init, hex. */
  readonly fingerprint: string;
  /** Only `terraform_data` and the like, local state, no modules: plan works without `init`. Never true in doubt. */
  readonly builtinOnly: boolean;
  readonly hasModules: boolean;
  readonly hasBackend: boolean;
  /** Provider addresses such as hashicorp/aws, as far as the text names them. */
  readonly providers: readonly string[];
}

interface Block {
  readonly type: string;
  readonly labels: readonly string[];
  readonly text: string;
}

/** Index behind a quoted string that begins at `at`, templates included. */
function skipString(text: string, at: number): number {
  for (let i = at + 1; i < text.length; i += 1) {
    const c = text[i];
    if (c === "\\") i += 1;
    else if (c === '"' || c === "\n") return i + 1;
    else if ((c === "$" || c === "%") && text[i + 1] === "{" && text[i - 1] !== c) i = skipTemplate(text, i + 2) - 1;
  }
  return text.length;
}

/** Index behind the brace that closes a template begun before `at`. */
function skipTemplate(text: string, at: number): number {
  let depth = 1;
  for (let i = at; i < text.length;) {
    const c = text[i];
    if (c === '"') i = skipString(text, i);
    else {
      if (c === "{") depth += 1;
      if (c === "}") depth -= 1;
      i += 1;
      if (depth === 0) return i;
    }
  }
  return text.length;
}

/** Index behind a comment or heredoc that begins at `at`; undefined where none does. */
function skipCommentOrHeredoc(text: string, at: number): number | undefined {
  const two = text.slice(at, at + 2);
  if (two[0] === "#" || two === "//") {
    const end = text.indexOf("\n", at);
    return end < 0 ? text.length : end;
  }
  if (two === "/*") {
    const end = text.indexOf("*/", at + 2);
    return end < 0 ? text.length : end + 2;
  }
  if (two !== "<<") return undefined;
  const marker = /^<<-?([\p{ID_Start}_][\p{ID_Continue}-]*)\r?\n/u.exec(text.slice(at, at + 200));
  if (marker === null) return undefined;
  const rest = at + marker[0].length;
  const end = new RegExp(`^[ \\t]*${marker[1]}[ \\t]*\\r?$`, "mu").exec(text.slice(rest));
  return end === null ? text.length : rest + end.index + end[0].length;
}

/** The top-level blocks of native syntax; undefined where braces do not balance. */
export function topLevelBlocks(text: string): Block[] | undefined {
  const blocks: Block[] = [];
  let depth = 0;
  let header = "";
  let start = 0;
  for (let i = 0; i < text.length;) {
    const skipped = skipCommentOrHeredoc(text, i);
    if (skipped !== undefined) {
      i = skipped;
      continue;
    }
    const c = text[i] as string;
    if (c === '"') {
      const end = skipString(text, i);
      if (depth === 0) header += text.slice(i, end);
      i = end;
      continue;
    }
    if (c === "{") {
      if (depth === 0) start = i;
      depth += 1;
    } else if (c === "}") {
      depth -= 1;
      if (depth < 0) return undefined;
      if (depth === 0) {
        const words = header.match(/"[^"]*"|[^\s"]+/g) ?? [];
        blocks.push({
          type: words[0] ?? "",
          labels: words.slice(1).map((word) => word.replace(/^"|"$/g, "")),
          text: text.slice(start, i + 1),
        });
        header = "";
      }
    } else if (depth === 0) header += c;
    i += 1;
  }
  return depth === 0 ? blocks : undefined;
}

const isConfigurationFile = (name: string): boolean =>
  /\.(?:tf|tofu)(?:\.json)?$/.test(name) && !name.startsWith(".") && !name.endsWith("~");

const BUILTIN = "terraform.io/builtin/terraform";

class Scan {
  files = 0;
  builtinOnly = true;
  hasModules = false;
  hasBackend = false;
  readonly providers = new Set<string>();
  readonly hash = createHash("sha256");
  private readonly seen = new Set<string>();

  async folder(dir: string, depth: number): Promise<void> {
    if (this.seen.has(dir)) return;
    this.seen.add(dir);
    const names = (await readdir(dir).catch(() => [])).filter(isConfigurationFile).sort();
    if (depth === 0) this.files = names.length;
    const locals: string[] = [];
    for (const name of names) {
      const text = await readFile(join(dir, name), "utf8").catch(() => "");
      const blocks = name.endsWith(".json") ? undefined : topLevelBlocks(text);
      if (blocks === undefined) this.unreadable(name, text);
      else for (const block of blocks) this.block(block, dir, locals);
    }
    for (const local of depth < 8 ? locals : []) await this.folder(local, depth + 1);
  }

  /** JSON syntax and text that we cannot take apart: the whole file counts. */
  private unreadable(name: string, text: string): void {
    this.builtinOnly = false;
    if (/"(?:backend|cloud)"/.test(text)) this.hasBackend = true;
    if (/"module"/.test(text)) this.hasModules = true;
    this.hash.update(`file ${name}\n${text}\n`);
  }

  private block(block: Block, dir: string, locals: string[]): void {
    if (block.type === "terraform") this.settings(block);
    else if (block.type === "module") {
      this.hasModules = true;
      this.builtinOnly = false;
      this.note(block);
      const source = /\bsource\s*=\s*"(\.\.?\/[^"$]*)"/.exec(block.text)?.[1];
      if (source !== undefined) locals.push(resolve(dir, source));
    } else if (block.type === "provider") {
      this.note(block);
      if (block.labels[0] !== "terraform") this.builtinOnly = false;
    } else if (["resource", "data", "ephemeral", "import", "action", "list"].includes(block.type)) {
      const local = /^[a-z0-9-]+/i.exec(block.labels[0] ?? "")?.[0] ?? "";
      const alias = /^\s*provider\s*=\s*([\w-]+)/m.exec(block.text)?.[1];
      this.hash.update(`uses ${alias ?? local}\n`);
      if (block.type === "import" ? alias !== undefined && alias !== "terraform" : (alias ?? local) !== "terraform")
        this.builtinOnly = false;
    }
  }

  private settings(block: Block): void {
    this.note(block);
    if (/\b(?:backend\s+"|cloud\s*\{)/.test(block.text)) {
      this.hasBackend = true;
      this.builtinOnly = false;
    }
    if (!/\brequired_providers\b/.test(block.text)) return;
    for (const match of block.text.matchAll(/\bsource\s*=\s*"([^"]+)"/g)) {
      const source = match[1] ?? "";
      if (source === BUILTIN) continue;
      this.providers.add(source);
      this.builtinOnly = false;
    }
    // An entry without a source means hashicorp/<name>.
    if (!/\bsource\s*=/.test(block.text)) this.builtinOnly = false;
  }

  private note(block: Block): void {
    this.hash.update(`${block.type} ${block.labels.join(" ")} ${block.text}\n`);
  }
}

/** Looks at a configuration folder and its local modules. Cheap: reads text, runs nothing, and never throws on bad syntax. */
export async function scanConfiguration(dir: string): Promise<ConfigurationScan> {
  const scan = new Scan();
  await scan.folder(dir, 0);
  return {
    files: scan.files,
    fingerprint: scan.hash.digest("hex"),
    builtinOnly: scan.builtinOnly,
    hasModules: scan.hasModules,
    hasBackend: scan.hasBackend,
    providers: [...scan.providers].sort(),
  };
}
