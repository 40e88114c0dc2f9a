import { defineCommand, type Command } from "@platform-ops/ledger";
import type { MetaWorkflowsDeps } from "../deps.ts";

/** Loaded on first use, since serving needs nothing of it. */
const load = () => import("./authoring.ts");
const JSON_OPTION = { type: "boolean", description: "As JSON" } as const;
const INPUTS_OPTION = { type: "string", description: "Inputs as a JSON object, or @FILE that holds one" } as const;

/** For those who write runbooks (new, lint, test, plan, simulate, docs), and for those who judge a run afterwards (audit). */
export const authoringCommands: readonly Command<MetaWorkflowsDeps>[] = [
  defineCommand<MetaWorkflowsDeps>({
    name: "new",
    summary: "Make the folder of a runbook: definition, a scenario that passes, page",
    usage: "new NAME [--from RUNBOOK.md]",
    examples: ["new check-disk", "new restart-a-node --from wiki-page.md"],
    options: { from: { type: "string", description: "A wiki's runbook: headings, numbered steps, shell blocks" } },
    run: async (...given) => (await load()).newWorkflow(...given),
  }),
  defineCommand<MetaWorkflowsDeps>({
    name: "lint",
    summary: "Check runbooks: definitions, registry, and what is wrong between them",
    usage: "lint [PATH…] [--since REF] [--json | --sarif]",
    examples: ["lint", "lint --since origin/main --sarif > runbooks.sarif"],
    options: {
      since: { type: "string", description: "A git revision: what changed since then must have a higher version" },
      json: JSON_OPTION,
      sarif: { type: "boolean", description: "As SARIF 2.1.0, for code scanning" },
    },
    run: async (...given) => (await load()).lint(...given),
  }),
  defineCommand<MetaWorkflowsDeps>({
    name: "test",
    summary: "Run the scenarios beside the definitions on a virtual clock",
    usage: "test [PATH…] [--json]",
    examples: ["test", "test meta-workflows/check-disk"],
    options: { json: JSON_OPTION },
    run: async (...given) => (await load()).test(...given),
  }),
  defineCommand<MetaWorkflowsDeps>({
    name: "plan",
    summary: "Say what a run would do, without starting it",
    usage: "plan ID|PATH [--inputs JSON] [--json]",
    examples: [`plan check-disk --inputs '{"subject":"/var"}'`],
    options: { inputs: INPUTS_OPTION, json: JSON_OPTION },
    run: async (...given) => (await load()).plan(...given),
  }),
  defineCommand<MetaWorkflowsDeps>({
    name: "simulate",
    summary: "Walk through a run on a virtual clock; nothing real is called",
    usage: "simulate ID|PATH [--inputs JSON]",
    examples: ["simulate check-disk", "simulate check-disk --inputs @inputs.json"],
    options: { inputs: INPUTS_OPTION },
    run: async (...given) => (await load()).simulate(...given),
  }),
  defineCommand<MetaWorkflowsDeps>({
    name: "docs",
    summary: "Write the pages of definitions and their rows in META-WORKFLOWS.md",
    usage: "docs [PATH…] [--check]",
    examples: ["docs", "docs --check"],
    options: { check: { type: "boolean", description: "Write nothing; end with 1 where something is out of date" } },
    run: async (...given) => (await load()).docs(...given),
  }),
  defineCommand<MetaWorkflowsDeps>({
    name: "audit",
    summary: "Write a run as a Markdown page: timeline, actions, decisions, evidence",
    usage: "audit ID [--out FILE]",
    examples: ["audit mw-… --out page.md"],
    options: { out: { type: "string", description: "A new file; without it the page is printed" } },
    run: async (...given) => (await load()).audit(...given),
  }),
];
