// Definitions and runs as people read them: a Markdown page, a flowchart, a timeline. Pure and deterministic.
export { branchesOf, type Branch } from "./branches.ts";
export { diagram, type RunStatuses, type StepStatus } from "./diagram.ts";
export { PAGE_BEGINS, PAGE_ENDS, putPage } from "./markers.ts";
export { newSkill, renderPage } from "./page.ts";
export { statusesOf, timeline } from "./timeline.ts";
export { whoDoes, type Who } from "./who.ts";
