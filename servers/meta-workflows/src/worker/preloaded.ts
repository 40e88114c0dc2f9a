// Loaded once for all runs of a worker (tooling/build): reading these modules anew costs each start about as much as all else.
// They keep nothing of a run but compiled expressions, patterns and schemas, which are the same whoever asks. Said as an export:
// an import for its effects alone is left out of the bundle, because our packages say that they have none.
export * from "./workflow.ts";
