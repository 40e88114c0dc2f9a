import { existsSync } from "node:fs";
import { join } from "node:path";
import { OpsError } from "@platform-ops/errors";
import type { ServerConfig } from "../server-config.ts";
import type { ServerIdentity } from "../start-up/identity.ts";
import type { ServerEntry } from "./client-application.ts";

const VARIABLE = /^[A-Za-z_][A-Za-z0-9_]{0,127}$/;
const NAME = /^[A-Za-z0-9_-]{1,64}$/;

/** What is asked for. */
export interface EntryWish {
  readonly identity: ServerIdentity;
  /** The running files, even where the published package could be named. */
  readonly local: boolean;
  readonly variables: readonly string[];
}

/**
 * The command that a client will run: the published package at this version, or this very build where it runs from a checkout
 * or `local` is wished; with the settings that were given as flags, their paths absolute.
 * @throws OpsError invalid_input
 */
export function serverEntry(config: ServerConfig, { identity, local, variables }: EntryWish): ServerEntry {
  const wrong = variables.find((name) => !VARIABLE.test(name));
  if (wrong !== undefined)
    throw new OpsError("invalid_input", "--env takes the name of a variable alone.", {
      hint: "For example: --env AWS_PROFILE. Its value is never typed here.",
    });
  const flags = givenFlags(config);
  const chosen = [...new Set(variables)];
  if (!local && isInstalled(config))
    return { command: "npx", args: ["-y", `${identity.package}@${identity.version}`, ...flags], variables: chosen };
  const bin = join(config.dist, "bin.js");
  if (config.entry.command === "npx")
    throw new OpsError("invalid_input", "npx may remove these files at any time, so a client cannot be told to run them.", {
      hint: `Leave --local out, or install the package first: npm install --global ${identity.package}`,
    });
  if (!existsSync(bin)) throw new OpsError("setup_needed", `${bin} is not there.`, { hint: "Build it first: npm run setup" });
  return { command: config.entry.command, args: [bin, ...flags], variables: chosen };
}

/** The name under which a server is entered unless another is given: the bin's, without what all MCP servers end with. */
export function entryName(identity: ServerIdentity, given: string | undefined): string {
  const name = given ?? identity.bin.replace(/-mcp$/, "");
  if (NAME.test(name)) return name;
  throw new OpsError("invalid_input", "--name takes 1 to 64 letters, digits, - and _.", { hint: "For example: --name terraform-staging" });
}

/** Whether an entry starts this server, in whatever version and from wherever. */
export function startsServer(entry: Record<string, unknown>, { package: name, bin }: ServerIdentity, config: ServerConfig): boolean {
  const words = [entry["command"], ...(Array.isArray(entry["args"]) ? (entry["args"] as unknown[]) : [])].filter(
    (word) => typeof word === "string",
  );
  return words.some(
    (word) =>
      word === name ||
      word.startsWith(`${name}@`) ||
      word === bin ||
      word.endsWith(`/${bin}`) ||
      word === join(config.dist, "bin.js") ||
      word.endsWith(`/servers/${name.replace(/^.*\//, "").replace(/-mcp$/, "")}/dist/bin.js`),
  );
}

/** A package manager put it where it is. */
function isInstalled({ entry, dist }: ServerConfig): boolean {
  return entry.command === "npx" || /[\\/]node_modules[\\/]/.test(dist);
}

/** The settings that came by flag, as flags: a list is given one by one. */
function givenFlags({ origin, settings }: ServerConfig): string[] {
  return Object.entries(origin).flatMap(([name, from]) => {
    const flag = /^flag (--[^\s,]+)/.exec(from)?.[1];
    if (flag === undefined) return [];
    const value = name.split(".").reduce<unknown>((at, key) => (at as Record<string, unknown> | undefined)?.[key], settings);
    if (value === undefined) return [];
    if (typeof value === "object" && value !== null && !Array.isArray(value)) return Object.keys(value).flatMap((each) => [flag, each]);
    if (Array.isArray(value)) return value.flatMap((each) => [flag, String(each)]);
    return typeof value === "boolean" ? [`${flag}=${value}`] : [flag, String(value)];
  });
}
