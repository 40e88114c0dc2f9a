// Runbooks as text: pure. Text in, typed values or problems with their places out; no files, no network, no process.
export type { Problem } from "./problem.ts";
