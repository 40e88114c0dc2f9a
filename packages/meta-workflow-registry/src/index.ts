// Runbooks as text.
export type { Problem } from "./problem.ts";
