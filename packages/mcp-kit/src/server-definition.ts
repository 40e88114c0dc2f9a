import { createHmac, randomBytes } from "node:crypto";
import type { AuditLog, Logger, Redactor } from "@platform-ops/ledger";
import { AskStates } from "./calls/ask-state.ts";
import { didYouMean } from "./calls/did-you-mean.ts";
import type { Prompt, Resource } from "./resources/resource.ts";
import type { SdkExtension } from "./sdk/sdk-extension.ts";
import type { Tool } from "./tool.ts";

/** A server as a value: identity, tools, dependencies, and what masks, records and vouches for its calls. */
export interface ServerDefinition<D = any> {
  readonly name: string;
  readonly title?: string;
  readonly version: string;
  /** Shown to the model once; at most about 1,200 characters. */
  readonly instructions: string;
  readonly tools: readonly Tool<any, D>[];
  /** What clients may read besides; all of it can be had by tools too. */
  readonly resources?: readonly Resource<D>[];
  /** Prompts as they are now: they may depend on what there is. */
  prompts?(deps: D): Promise<readonly Prompt[]>;
  readonly deps: D;
  /** Names of the toolsets to offer; all where undefined. */
  readonly toolsets?: readonly string[] | undefined;
  /** Only tools of effect `read` are offered and run. */
  readonly readOnly?: boolean;
  /** Where it is narrowed for somebody: to whom, for the words of a refusal. */
  readonly offeredTo?: string;
  readonly redactor: Redactor;
  readonly audit: AuditLog;
  readonly logger: Pick<Logger, "debug" | "info" | "warn" | "error">;
  /** The operating system's user, part of every actor's name. */
  readonly user: string;
  /** Only for servers that try the protocol itself. */
  readonly extension?: SdkExtension;
  /** Key of the state that questions to a person carry. */
  readonly stateKey: Buffer;
}

/** What is made once of a definition and kept as long as it lives. */
export interface PreparedServer {
  readonly offered: ReadonlyMap<string, Tool>;
  readonly known: ReadonlyMap<string, Tool>;
  readonly asks: AskStates;
  /** Calls that have not ended. */
  readonly inFlight: Set<Promise<unknown>>;
}

const prepared = new WeakMap<ServerDefinition, PreparedServer>();

/**
 * The offered tools by name, in the order of the definition, and the open questions of one definition.
 * Throws a plain Error for mistakes of the programmer (a name used twice, a name that clients would change).
 */
export function prepare(definition: ServerDefinition): PreparedServer {
  const existing = prepared.get(definition);
  if (existing) return existing;
  const known = new Map<string, Tool>();
  for (const tool of definition.tools) {
    // Codex turns "-" into "_", and Claude Code limits the whole `mcp__server__tool` to 128 characters.
    if (!/^[a-z][a-z0-9_]{1,47}$/.test(tool.name)) throw new Error(`tool name ${tool.name}: use a-z, 0-9 and _, at most 48 characters`);
    if (known.has(tool.name)) throw new Error(`two tools are named ${tool.name}`);
    known.set(tool.name, tool);
  }
  const offered = new Map([...known].filter(([, tool]) => withheldBecause(definition, tool) === undefined));
  // The key is mixed with randomness of this process, since burnt nonces do not survive it: a restart voids open questions.
  const asks = new AskStates(createHmac("sha256", definition.stateKey).update("ask-state").update(randomBytes(32)).digest());
  const made = { offered, known, asks, inFlight: new Set<Promise<unknown>>() };
  prepared.set(definition, made);
  return made;
}

/** Why a known tool is not offered by this server as it was started, or undefined if it is. */
export function withheldBecause(definition: ServerDefinition, tool: Tool): "read_only" | "toolset" | undefined {
  if (definition.readOnly && tool.effect !== "read") return "read_only";
  if (definition.toolsets && !definition.toolsets.includes(tool.toolset)) return "toolset";
  return undefined;
}

/** All toolsets of a definition, sorted. */
export function toolsetsOf(tools: readonly Tool[]): string[] {
  return [...new Set(tools.map((tool) => tool.toolset))].sort();
}

/** Problems of a configured list of toolsets: each name that no tool has, with the nearest one that exists. */
export function toolsetProblems(configured: readonly string[], tools: readonly Tool[]): string[] {
  const accepted = toolsetsOf(tools);
  return configured
    .filter((name) => !accepted.includes(name))
    .map((name) => {
      const near = didYouMean(name, accepted);
      return `unknown toolset ${JSON.stringify(name)}${near ? `; did you mean ${near}?` : ""} Accepted: ${accepted.join(", ")}.`;
    });
}
