import { existsSync, readFileSync } from "node:fs";
import { dirname, join, normalize } from "node:path";
import { ERROR_CODES } from "@platform-ops/errors";
import { describe, expect, it } from "vitest";
import { generate } from "../../tooling/catalog/content.ts";
import { fillMarkers } from "../../tooling/catalog/markers.ts";
import { commandsOf } from "../../servers/terraform/src/commands/index.ts";
import { textLaw, type Violation } from "./law.ts";
import { ROOT, textFiles, type TextFile } from "./repository.ts";

// Documentation is checked where a program can: what it names must be there.

const pages = (files: readonly TextFile[]): TextFile[] => files.filter(({ path }) => path.endsWith(".md"));

/** The text without code blocks and inline code, line by line as before. */
function prose(text: string): string {
  return text.replaceAll(/^```[^]*?^```/gm, (block) => block.replaceAll(/[^\n]/g, "")).replaceAll(/`[^`\n]+`/g, "");
}

/** Code blocks and inline code, each with its line. */
function code(text: string): { line: number; text: string }[] {
  return [...text.matchAll(/^```[^]*?^```|`[^`\n]+`/gm)].flatMap(({ 0: found, index }) => {
    const first = text.slice(0, index).split("\n").length;
    return found.split("\n").map((line, i) => ({ line: first + i, text: line }));
  });
}

/** The anchors of a page, as GitHub makes them of headings. */
function anchors(text: string): Set<string> {
  const headings = text.replaceAll(/^```[^]*?^```/gm, "").matchAll(/^#{1,6} (.+)$/gm);
  return new Set(
    [...headings].map(([, title = ""]) =>
      title
        .toLowerCase()
        .replaceAll(/[^\p{L}\p{N} _-]/gu, "")
        .trim()
        .replaceAll(" ", "-"),
    ),
  );
}

function brokenLinks(files: readonly TextFile[]): Violation[] {
  return pages(files).flatMap(({ path, text }) =>
    prose(text)
      .split("\n")
      .flatMap((line, index) => [...line.matchAll(/\]\(([^)\s]+)\)/g)].map(([, target = ""]) => ({ target, line: index + 1 })))
      .filter(({ target }) => !/^(https?|mailto):/.test(target) && !resolves(path, text, target))
      .map(({ target, line }) => `${path}:${line}: ${target}`),
  );
}

function resolves(path: string, text: string, target: string): boolean {
  const [file = "", anchor] = target.split("#", 2);
  const to = join(ROOT, normalize(join(dirname(path), file)));
  if (file !== "" && !existsSync(to)) return false;
  if (anchor === undefined) return true;
  return anchors(file === "" ? text : readFileSync(to, "utf8")).has(anchor);
}

textLaw("Links of the documentation lead somewhere", {
  check: brokenLinks,
  broken: {
    "docs/planted.md": "See [that](not-there.md).",
    "docs/planted-anchor.md": "See [that](architecture.md#no-such-heading).",
  },
  kept: { "docs/planted.md": "# Here\n\n[a](architecture.md#the-laws), [b](#here), `[c](nowhere)`, [d](https://example.com/x)" },
});

// Names and usages are plain values: no dependency is opened to list them.
const subcommands = await commandsOf({ config: { settings: { home: "" }, signingEnvironment: {} } } as unknown as Parameters<
  typeof commandsOf
>[0]);

/** `terraform-mcp word --option`: the word is a subcommand and has the option. Settings' flags may stand everywhere. */
function unknownCommands(files: readonly TextFile[]): Violation[] {
  return pages(files).flatMap(({ path, text }) =>
    code(text).flatMap(({ line, text: words }) => {
      const [, name, rest = ""] = /(?:\bterraform-mcp|dist\/bin\.js)`? ([a-z][a-z-]*)\b([^#|`>]*)/.exec(words) ?? [];
      if (name === undefined || /^(claude|npx) |--filter /.test(words)) return [];
      const command = subcommands.find((each) => each.name === name);
      if (command === undefined) return [`${path}:${line}: terraform-mcp ${name}`];
      const options = [...rest.matchAll(/(?<=^|[\s[])--([a-z][a-z-]*)/g)].map(([, option = ""]) => option);
      const accepted = new Set([...Object.keys(command.options ?? {}), "help", "root", "config", "home", "log-level"]);
      return options.filter((option) => !accepted.has(option)).map((option) => `${path}:${line}: terraform-mcp ${name} --${option}`);
    }),
  );
}

textLaw("Commands that the documentation names exist, with their options", {
  check: unknownCommands,
  broken: {
    "docs/planted.md": "Run `terraform-mcp aprove ID`.",
    "docs/planted-block.md": "```\nterraform-mcp show apr_… --canonical\n```",
  },
  kept: { "docs/planted.md": "```\nterraform-mcp approve apr_… --key FILE   # asks\nterraform-mcp run --root . --plan\n```" },
});

const { scripts } = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8")) as { scripts: Record<string, string> };
const RUN_BY_NAME = new Set(["test"]);
const OF_PNPM = new Set(["install", "add", "exec", "dlx"]);

function unknownScripts(files: readonly TextFile[]): Violation[] {
  return pages(files).flatMap(({ path, text }) =>
    code(text).flatMap(({ line, text: words }) =>
      [...words.matchAll(/\b(npm run|npm|pnpm) ([a-z][a-z-]*)/g)]
        .filter(([, runner, name = ""]) => (runner === "npm" ? RUN_BY_NAME.has(name) : !OF_PNPM.has(name)) && scripts[name] === undefined)
        .map(([words]) => `${path}:${line}: ${words}`),
    ),
  );
}

textLaw("Scripts that the documentation names exist", {
  check: unknownScripts,
  broken: { "docs/planted.md": "Run `npm run dmeo`, then `pnpm catalogue`." },
});

describe("What is generated is current", async () => {
  const { parts, files } = await generate(ROOT);
  it.each([...files])("%s", (path, text) => expect(readFileSync(join(ROOT, path), "utf8") === text, "run: pnpm catalog").toBe(true));
  it.each(
    pages(textFiles())
      .filter(({ path, text }) => /^<!-- generated:/m.test(text) && !path.startsWith("test/"))
      .map(({ path, text }) => [path, text] as const),
  )("%s", (_path, text) => expect(fillMarkers(text, parts) === text, "run: pnpm catalog").toBe(true));
});

describe("The documentation is complete", () => {
  const reference = readFileSync(join(ROOT, "docs/reference/error-codes.md"), "utf8");
  it.each(Object.keys(ERROR_CODES))("error code %s has its line", (name) => expect(reference).toContain(`| \`${name}\` |`));

  it("names no error code that is none", () => {
    const table = readFileSync(join(ROOT, "docs/guides/troubleshooting.md"), "utf8");
    const named = [...table.matchAll(/^\|[^|]*\|([^|]*)\|/gm)].flatMap(([, cell = ""]) =>
      [...cell.matchAll(/`([a-z_]+)`/g)].map(([, name = ""]) => name),
    );
    expect(named.length).toBeGreaterThan(10);
    expect(named.filter((name) => !(name in ERROR_CODES))).toEqual([]);
  });

  it("every page is on the map, or on a page that is", () => {
    const reached = new Set<string>();
    const follow = (path: string): void => {
      if (reached.has(path)) return;
      reached.add(path);
      for (const [, target = ""] of prose(readFileSync(join(ROOT, path), "utf8")).matchAll(/\]\(([^)#\s]+)/g)) {
        const to = normalize(join(dirname(path), target));
        if (to.endsWith(".md") && existsSync(join(ROOT, to))) follow(to);
      }
    };
    follow("docs/README.md");
    const all = pages(textFiles()).map(({ path }) => path);
    expect(all.filter((path) => path.startsWith("docs/") && !reached.has(path))).toEqual([]);
  });

  it("every subcommand is named somewhere in the guides or the operations", () => {
    const text = pages(textFiles())
      .filter(({ path }) => /^docs\/(guides|operations)\//.test(path))
      .map((page) => page.text)
      .join("\n");
    expect(subcommands.map(({ name }) => name).filter((name) => !text.includes(`terraform-mcp ${name}`))).toEqual([]);
  });
});
