import { hasCode, OpsError } from "@platform-ops/errors";
import { z } from "zod";
import { tool, type TerraformDeps } from "../deps.ts";
import { describeInfra, describeMissing, type InfraDescription } from "../infra/describe-infra.ts";
import { isGlob } from "../infra/glob.ts";
import { listInfra } from "../infra/list-infra.ts";
import { loadInfra } from "../infra/load-infra.ts";
import { parseCursor } from "../runs/cursor.ts";
import type { NextCall } from "../runs/render-status.ts";
import { configPath, cursor, limit } from "./params.ts";

export const list_workflows = tool({
  name: "list_workflows",
  title: "List workflows",
  description:
    "Lists the Terraform/OpenTofu workspaces that a configuration defines, with their dependencies and operations; runs nothing. " +
    "config_path may be a glob such as `*/infra.yaml` to list several environments. Next: execute_workflow with the same config_path.",
  effect: "read",
  toolset: "runs",
  openWorld: false,
  input: z.strictObject({ config_path: configPath.default("infra.yaml"), limit: limit(500, 30), cursor }),
  async run({ config_path, limit: most, cursor: from }, deps) {
    const page = { start: parseCursor(from), most };
    const listed = isGlob(config_path) ? await listSeveral(config_path, page, deps) : await listOne(config_path, page, deps);
    return { text: printListing(listed), data: listed };
  },
});

/** Of one broken configuration among several; its own listing says all. */
const LONGEST_FAILURE = 1_000;

interface Page {
  readonly start: number;
  readonly most: number;
}

async function listOne(config_path: string, page: Page, deps: TerraformDeps): Promise<Record<string, unknown>> {
  try {
    const { config, written, notes } = await loadInfra({ config_path, roots: deps.roots, cwd: deps.config.cwd, entry: deps.config.entry });
    return { ...pageOf(describeInfra(config, written), page), ...(notes.length > 0 ? { notes } : {}) };
  } catch (error) {
    if (!hasCode(error, "config_not_found")) throw error;
    const { error: message, input_schema } = describeMissing(config_path);
    throw new OpsError("config_not_found", message, { hint: error.hint, details: { ...error.details, input_schema } });
  }
}

/** Whole configurations up to the limit of workspaces; one that is longer by itself is cut, and its own listing reads on. */
async function listSeveral(pattern: string, { start, most }: Page, deps: TerraformDeps): Promise<Record<string, unknown>> {
  const { configs, truncated } = await listInfra({ pattern, roots: deps.roots, cwd: deps.config.cwd, entry: deps.config.entry });
  const described = configs.map((found) =>
    "loaded" in found
      ? describeInfra(found.loaded.config, found.loaded.written)
      : { config_path: found.config_path, error: { code: found.failure.code, message: found.failure.message.slice(0, LONGEST_FAILURE) } },
  );
  const shown: Record<string, unknown>[] = [];
  let room = most;
  for (const one of described.slice(start)) {
    const size = "workflows" in one ? Math.max(1, one.workflows[0]?.workspace_count ?? 0) : 1;
    if (size > room && shown.length > 0) break;
    shown.push("workflows" in one ? pageOf(one, { start: 0, most }) : one);
    room -= size;
  }
  const next = start + shown.length;
  const isMore = next < described.length;
  return {
    config_path: pattern,
    configs: shown,
    config_count: described.length,
    truncated: truncated || isMore,
    ...(isMore ? { next_cursor: String(next) } : {}),
    ...(described.length === 0 ? { looked_in: deps.roots, next: withoutAny(deps.config.startedAs) } : {}),
  };
}

/** How to come by a configuration where there is none. */
const withoutAny = (startedAs: string): NextCall[] => [
  { command: `${startedAs} init FOLDER`, why: "writes an infra.yaml from the folders of configuration files that are there" },
  { tool: "execute_workflow", why: "takes the workspaces as config, without a file" },
];

/** A part of a configuration's workspaces, in the order of the file; the count stays that of all. */
function pageOf(described: InfraDescription, { start, most }: Page): Record<string, unknown> {
  const all = described.workflows[0]?.configured_workspaces ?? [];
  const end = start + most;
  const workflows = described.workflows.map((workflow) => ({
    ...workflow,
    configured_workspaces: workflow.configured_workspaces.slice(start, end),
  }));
  return { ...described, workflows, truncated: end < all.length, ...(end < all.length ? { next_cursor: String(end) } : {}) };
}

/** JSON with a line for each workspace: an indented one would cost twice the tokens. A quote inside a string is escaped, so no string is split. */
function printListing(listed: Record<string, unknown>): string {
  return JSON.stringify(listed)
    .replaceAll(/\{"(?=name":|config_path":)/g, '\n{"')
    .trimStart();
}
