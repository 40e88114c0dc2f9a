// Where a workflow in prose says that a person is asked: as gates between its steps, and as steps of a definition. Pure.
export { gateStep } from "./gate-step.ts";
export { gatesOfProse, type Gate } from "./gates-of-prose.ts";
export type { ProseStep } from "./step-meant.ts";
