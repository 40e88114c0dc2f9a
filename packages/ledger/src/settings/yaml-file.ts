import { closeSync, constants, fstatSync, openSync, readFileSync, type Stats } from "node:fs";
import { errno } from "../durable-file.ts";
import { parseYaml, type ParsedYaml } from "./parse-yaml.ts";
import type { SettingProblem } from "./problems.ts";

/** Most bytes of a settings file. */
const MAX_BYTES = 1024 * 1024;

/** A settings file that was read. */
export interface YamlFile extends ParsedYaml {
  readonly path: string;
  readonly stat: Stats;
}

/**
 * Reads a YAML 1.2 file that may be hostile: bounded in size and aliases, no duplicate keys, no tags of other languages.
 * @returns undefined when there is no such file; or the problems that make it unreadable.
 */
export function readYamlFile(path: string): YamlFile | SettingProblem[] | undefined {
  const unreadable = (message: string): SettingProblem[] => [{ setting: "file", from: `file ${path}`, message }];
  let source: { text: string; stat: Stats } | string | undefined;
  try {
    source = readBounded(path);
  } catch (error) {
    return unreadable(`It cannot be read (${errno(error) ?? "not UTF-8 text"}).`);
  }
  if (source === undefined) return undefined;
  if (typeof source === "string") return unreadable(source);
  const parsed = parseYaml(path, source.text);
  return Array.isArray(parsed) ? parsed : { ...parsed, path, stat: source.stat };
}

function readBounded(path: string): { text: string; stat: Stats } | string | undefined {
  let fd: number;
  try {
    fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  } catch (error) {
    if (errno(error) === "ENOENT" || errno(error) === "ENOTDIR") return undefined;
    throw error;
  }
  try {
    const stat = fstatSync(fd);
    if (!stat.isFile()) return "It is not a plain file.";
    if (stat.size > MAX_BYTES) return `It has ${stat.size} bytes; the bound is ${MAX_BYTES}.`;
    return { text: new TextDecoder("utf-8", { fatal: true }).decode(readFileSync(fd)), stat };
  } finally {
    closeSync(fd);
  }
}
