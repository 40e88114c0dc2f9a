import { z } from "zod";

/** Arguments that several tools share; each description names the tool that lists valid values. */
export const configPath = z.string().min(1).max(4096).describe("Path of the infra.yaml or .json file, relative to an allowed root.");
export const workflowId = z.string().min(1).max(200).describe("Id of the run, as execute_workflow returned it; list_runs lists them.");
export const workspaceName = z.string().min(1).max(100).describe("Name of a workspace of the run; get_workflow_status lists them.");
/** How many entries of a list to return: at most `most`, `usual` where the caller does not say. */
export const limit = (most: number, usual: number) => z.int().min(1).max(most).default(usual).describe(`How many to return, 1 to ${most}.`);
export const cursor = z.string().max(500).optional().describe("Where to read on: `next_cursor` of the last answer.");
