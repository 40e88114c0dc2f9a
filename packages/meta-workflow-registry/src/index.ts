// Runbooks as text: pure. Text in, typed values or problems with their places out; no files, no network, no process.
export { gatesOfProse, gateStep, type Gate } from "./gates/index.ts";
export { entryOf, type MatchEntry } from "./matching/entry.ts";
export type { Reason } from "./matching/evidence.ts";
export { matchWorkflows, type Match, type MatchResult } from "./matching/match.ts";
export { overlappingTriggers, type Overlap } from "./matching/overlap.ts";
export type { Problem } from "./problem.ts";
export { listResult, type ListedWorkflow, type ListResult, type RegistrySource } from "./registry/list-result.ts";
export { parseRegistry, type ParsedRegistry } from "./registry/parse.ts";
export {
  phrasesOf,
  scopeOf,
  type Chapter,
  type Labelled,
  type Registry,
  type ShellBlock,
  type Workflow,
  type WorkflowScope,
  type WorkflowSection,
  type WorkflowStatus,
  type WorkflowStep,
} from "./registry/registry.ts";
export { renderRegistry, renderWorkflow, stepText } from "./registry/render.ts";
