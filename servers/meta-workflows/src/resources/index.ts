import { resourcesFor } from "@platform-ops/mcp-kit";
import { definitionJsonSchema } from "@platform-ops/meta-workflow-registry/definition";
import type { MetaWorkflowsDeps } from "../deps.ts";
import { readRun } from "../runs/read-run.ts";
import { viewText } from "../tools/get_meta_workflow.ts";
import { statusData } from "../tools/get_workflow_status.ts";

const resource = resourcesFor<MetaWorkflowsDeps>();
const MARKDOWN = "text/markdown";

const registry = resource({
  uri: "workflow://meta-workflows",
  name: "meta-workflows",
  title: "META-WORKFLOWS.md",
  description: "The whole registry; list_meta_workflows and get_meta_workflow give the same by tools.",
  mimeType: MARKDOWN,
  read: async (_names, { library }) => (await library.read()).registry.text,
});

const workflow = resource({
  uri: "workflow://meta-workflows/{id}",
  name: "meta-workflow",
  title: "A runbook",
  description: "One runbook as a page for people.",
  mimeType: MARKDOWN,
  async list({ library }) {
    const { entries } = await library.read();
    return entries.map(({ id, name, row }) => ({
      uri: `workflow://meta-workflows/${encodeURIComponent(id)}`,
      name: id,
      title: name,
      ...(row.triggers.length === 0 ? {} : { description: row.triggers.join(" / ").slice(0, 400) }),
      mimeType: MARKDOWN,
    }));
  },
  read: async ({ id = "" }, { library }) => viewText(await library.find(id), "prose"),
});

const flowchart = resource({
  uri: "workflow://meta-workflows/{id}/diagram",
  name: "meta-workflow-diagram",
  title: "A runbook's diagram",
  description: "One runbook as a Mermaid flowchart.",
  mimeType: "text/vnd.mermaid",
  read: async ({ id = "" }, { library }) => viewText(await library.find(id), "diagram"),
});

/** Listed by list_runs only: a client that lists resources at its start must start no Temporal. */
const run = resource({
  uri: "workflow://runs/{id}",
  name: "run",
  title: "A run",
  description: "How a run stands, as get_workflow_status tells it.",
  mimeType: "application/json",
  read: async ({ id = "" }, deps) => JSON.stringify(statusData(await readRun(deps, id)), undefined, 2),
});

const schema = resource({
  uri: "workflow://schema/v1",
  name: "schema",
  title: "Schema of definitions",
  description: "JSON Schema of workflow.yaml, for editors.",
  mimeType: "application/schema+json",
  read: async () => JSON.stringify(definitionJsonSchema(), undefined, 2),
});

/** Everything here can be had by tools too: some clients read no resources. */
export const resources = [registry, workflow, flowchart, run, schema];
