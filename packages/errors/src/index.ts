// The vocabulary of failure. Pure: no effects, no imports outside this package.
export { ERROR_CODES, type ErrorCode, type ErrorCodeFacts } from "./codes.ts";
export { OpsError, fromPlain, hasCode, isOpsError, toPlain, type OpsErrorOptions, type PlainError } from "./ops-error.ts";
