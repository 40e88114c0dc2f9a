// What the subcommands of authors do, as one file that is loaded on need.
export { docs } from "./authoring/docs.ts";
export { lint } from "./authoring/lint.ts";
export { plan } from "./authoring/plan.ts";
export { test } from "./authoring/test.ts";
export { simulate } from "./simulation/simulate.ts";
export { newWorkflow } from "./new/new-workflow.ts";
export { audit } from "./audit/audit.ts";
