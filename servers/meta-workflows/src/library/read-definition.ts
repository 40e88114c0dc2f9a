import { readFile } from "node:fs/promises";
import type { MetaWorkflowsSettings } from "@platform-ops/ledger";
import type { Problem } from "@platform-ops/meta-workflow-registry";
import { parseDefinition, type Definition } from "@platform-ops/meta-workflow-registry/definition";

/** What of the settings and the environment bears on how a definition is read. */
export interface Reading {
  readonly settings: Partial<Pick<MetaWorkflowsSettings, "bindings" | "definition_variables">>;
  readonly env?: Readonly<Record<string, string | undefined>>;
}

/** A text as a definition, where it is one. */
export interface ReadDefinition {
  readonly definition?: Definition;
  /** In our form. */
  readonly text: string;
  readonly problems: readonly Problem[];
  /** What was changed, where it was written in another form. */
  readonly changes?: readonly string[];
}

/** Ours says so at its top; all else is looked at by the importer, which knows ours too. */
const OWN_FORM = /^(?:\{\s*)?["']?schema["']?\s*:\s*["']?meta-workflow\/v1/m;

/**
 * Reads a definition in our form or in those of other workflow servers. Of the environment a definition sees the variables that
 * the operator names; tools that the operator's bindings name as capabilities are called by the server, others by the client.
 */
export async function readDefinition(text: string, file: string, { settings, env = {} }: Reading): Promise<ReadDefinition> {
  if (OWN_FORM.test(text)) return { ...parseDefinition(text, { file }), text };
  const { importDefinition } = await import("@platform-ops/meta-workflow-registry/importer");
  const { definition, yaml, problems, changes } = importDefinition(text, {
    environment: Object.fromEntries(
      (settings.definition_variables ?? []).flatMap((name) => (env[name] === undefined ? [] : [[name, env[name]]])),
    ),
    bindings: Object.fromEntries((await capabilities(settings.bindings)).map((capability) => [capability, { capability }])),
  });
  return {
    ...(definition === undefined ? {} : { definition }),
    text: yaml ?? text,
    problems: problems.map((problem) => ({ ...problem, file })),
    ...(changes.length === 0 ? {} : { changes }),
  };
}

/** Names of what the operator bound. What is wrong with the file is told by what calls by it. */
async function capabilities(file: string | undefined): Promise<readonly string[]> {
  const text = file === undefined ? undefined : await readFile(file, "utf8").catch(() => undefined);
  if (file === undefined || text === undefined) return [];
  const { parseBindings } = await import("../executors/bindings/parse-bindings.ts");
  return Object.keys(parseBindings(text, file).bindings?.capabilities ?? {});
}
