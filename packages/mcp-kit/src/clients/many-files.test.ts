import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { readConfigurationFile, removeConfigurationFile, replaceConfigurationFile } from "./configuration-file.ts";
import { withEntry, withoutEntry, type Configuration } from "./edit-configuration.ts";
import { jsoncFormat } from "./jsonc-format.ts";
import { tomlFormat } from "./toml-format.ts";

const FIELDS = { command: "npx", args: ["-y", "@platform-ops/terraform-mcp@0.1.0"], env: { AWS_PROFILE: "${AWS_PROFILE}" } };
const FILES = 400;

/** Numbers that are the same in every run (mulberry32). */
function numbers(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below;
  };
}

/** A file as somebody may have written it: comments anywhere, commas or none at the end, on one line or many, tabs, CRLF. */
function writtenJson(pick: (below: number) => number): string {
  const unit = ["  ", "    ", "\t"][pick(3)]!;
  const trailing = pick(2) === 0;
  let comments = 0;
  const comment = (): string =>
    pick(4) === 0 ? ` // note ${(comments += 1)}, "{[,` : pick(6) === 0 ? ` /* note ${(comments += 1)} } */` : "";
  const value = (depth: number, indent: string): string => {
    const kind = pick(depth > 3 ? 3 : 6);
    if (kind === 0) return String(pick(100));
    if (kind === 1) return JSON.stringify(["plain", "// no comment", 'a "quoted" }', "ünï, [x]"][pick(4)]);
    if (kind === 2) return ["true", "null", "[]", "{}"][pick(4)]!;
    if (kind === 3) return `[${Array.from({ length: pick(3) + 1 }, () => value(9, "")).join(", ")}]`;
    return object(
      depth + 1,
      indent,
      Array.from({ length: pick(4) }, (_, index) => `k${index}`),
    );
  };
  const object = (depth: number, indent: string, keys: readonly string[]): string => {
    if (keys.length === 0) return pick(2) === 0 ? "{}" : `{${comment()}\n${indent}}`;
    if (pick(5) === 0)
      return `{ ${keys.map((key) => `${JSON.stringify(key)}: ${key === "mcpServers" ? "{}" : value(9, "")}`).join(", ")} }`;
    const inner = `${indent}${unit}`;
    const lines = keys.map((key, index) => {
      const isLast = index === keys.length - 1;
      return `${inner}${JSON.stringify(key)}: ${key === "mcpServers" ? servers(inner) : value(depth, inner)}${isLast && !trailing ? "" : ","}${comment()}`;
    });
    return `{${comment()}\n${lines.join("\n")}${pick(4) === 0 ? `\n${inner}// last` : ""}\n${indent}}`;
  };
  const servers = (indent: string): string => object(1, indent, ["a", "b", "c"].slice(0, pick(4)));
  const keys = ["x", "y", "mcpServers", "z"].filter((key) => (key === "mcpServers" ? pick(4) !== 0 : pick(2) === 0));
  const text = `${pick(3) === 0 ? "// head\n" : ""}${object(0, "", keys)}${pick(2) === 0 ? "\n" : ""}`;
  return pick(5) === 0 ? text.replaceAll("\n", "\r\n") : text;
}

const notes = (text: string): string[] => [...text.matchAll(/note \d+|\/\/ (?:head|last)/g)].map(([note]) => note);
const withoutCommas = (text: string): string[] => text.split(/\r?\n/).map((line) => line.replaceAll(",", "").trim());

test(`${FILES} files of JSON: in and out again, nothing else means or says something else`, () => {
  for (let seed = 1; seed <= FILES; seed += 1) {
    const text = writtenJson(numbers(seed));
    const of = (now: string): Configuration => ({
      file: "f",
      text: now,
      place: { container: "mcpServers", name: "ours" },
      format: jsoncFormat,
    });
    const made = withEntry(of(text), FIELDS);
    expect(notes(made), `seed ${seed}\n${text}\n---\n${made}`).toEqual(notes(text));
    expect(withEntry(of(made), FIELDS)).toBe(made);
    const servers = jsoncFormat.parse(made, "")["mcpServers"] as Record<string, unknown>;
    expect(servers["ours"]).toEqual(FIELDS);
    const back = withoutEntry(of(made));
    const [was, is] = [text, back].map((each) => jsoncFormat.parse(each, "")) as [Record<string, unknown>, Record<string, unknown>];
    expect({ mcpServers: {}, ...is }, `seed ${seed}`).toEqual({ mcpServers: {}, ...was });
    expect(notes(back)).toEqual(notes(text));
    // Each line that was there is there, in its order, but for commas.
    const lines = withoutCommas(made).values();
    if (/\n/.test(text) && Object.hasOwn(was, "mcpServers") && !/"mcpServers": \{.*\}/.test(text))
      for (const line of withoutCommas(text))
        expect([...take(lines, line)], `seed ${seed}: ${line}\n${text}\n---\n${made}`).toEqual([line]);
  }
});

/** Goes on to the next line that is the same. */
function* take(lines: IterableIterator<string>, line: string): Generator<string> {
  for (let next = lines.next(); next.done !== true; next = lines.next()) if (next.value === line) return yield next.value;
}

test(`${FILES} files of TOML: in and out again, every other line stays`, () => {
  for (let seed = 1; seed <= FILES; seed += 1) {
    const pick = numbers(seed);
    const pieces = [
      "# note [mcp_servers.ours]",
      'a = "[mcp_servers.ours]"',
      "b = '''\n[mcp_servers.ours]\ncommand = \"x\"\n'''",
      'c = [\n  [1, 2], # ] "\n  [3],\n]',
      'd = { e = "}", f = [ "]" ] }',
      "g = 1979-05-27T07:32:00Z",
    ].filter(() => pick(2) === 0);
    const tables = [
      '[mcp_servers.a]\ncommand = "x" # why',
      '[mcp_servers.a.env]\nT = "1"',
      "[[list]]\nn = 1",
      "[list.under]\nn = 2",
      "[other]\nx = 1",
    ].filter((_, index) => index !== 3 && pick(2) === 0);
    const text = `${[...pieces, ...tables].join(pick(2) === 0 ? "\n" : "\n\n")}${pick(3) === 0 ? "" : "\n"}`;
    const of = (now: string): Configuration => ({
      file: "f",
      text: now,
      place: { container: "mcp_servers", name: "ours" },
      format: tomlFormat,
    });
    const made = withEntry(of(text), { command: "npx", args: ["-y"], env_vars: ["A"] });
    expect(made.startsWith(text.trimEnd()), `seed ${seed}\n${made}`).toBe(true);
    expect(withEntry(of(made), { command: "npx", args: ["-y"], env_vars: ["A"] })).toBe(made);
    expect(withoutEntry(of(`${made}\n# after\n[after]\nx = 1\n`)).trim()).toBe(`${text.trim()}\n\n# after\n[after]\nx = 1`.trim());
  }
});

test("a file that somebody else wrote meanwhile is not written over, nor taken away", async () => {
  const folder = mkdtempSync(join(tmpdir(), "meanwhile-"));
  try {
    const path = join(folder, "x.json");
    writeFileSync(path, "{}");
    const read = await readConfigurationFile(path, 0o600);
    writeFileSync(path, '{"theirs":1}');
    await expect(replaceConfigurationFile(read, '{"ours":1}')).rejects.toMatchObject({ code: "lock_held" });
    await expect(removeConfigurationFile(read)).rejects.toMatchObject({ code: "lock_held" });
    expect([readFileSync(path, "utf8"), readdirSync(folder)]).toEqual(['{"theirs":1}', ["x.json"]]);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
