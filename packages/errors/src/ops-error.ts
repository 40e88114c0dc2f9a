import { ERROR_CODES, type ErrorCode } from "./codes.ts";

const BRAND = "platform-ops/error";

/** What a caller may add to a failure besides its code and message. */
export interface OpsErrorOptions {
  /** What to do next, in one or two sentences: the argument to change, the tool to call, the command to run. */
  readonly hint?: string;
  /** Overrides the default of the code. */
  readonly retryable?: boolean;
  /** Plain data that a program may want: ids, accepted values. Never a secret. */
  readonly details?: Readonly<Record<string, unknown>>;
  readonly cause?: unknown;
}

/**
 * A failure that we foresaw and worded ourselves: its message and hint may be shown to a person or a model.
 * Decide by `code`, never by class: two bundles in one process hold two copies of this class.
 */
export class OpsError extends Error {
  readonly code: ErrorCode;
  readonly hint: string;
  readonly retryable: boolean;
  readonly details: Readonly<Record<string, unknown>>;
  readonly brand = BRAND;

  constructor(code: ErrorCode, message: string, options: OpsErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = "OpsError";
    this.code = code;
    this.hint = options.hint ?? ERROR_CODES[code].cure;
    this.retryable = options.retryable ?? ERROR_CODES[code].retryable;
    this.details = options.details ?? {};
  }
}

/** True for an OpsError of any copy of this package. */
export function isOpsError(value: unknown): value is OpsError {
  return typeof value === "object" && value !== null && (value as { brand?: unknown }).brand === BRAND;
}

/** True for an OpsError with that code. */
export function hasCode(value: unknown, code: ErrorCode): value is OpsError {
  return isOpsError(value) && value.code === code;
}

/** A failure as plain data, to cross a process or be written down. `fromPlain` is its inverse. */
export interface PlainError {
  readonly code: ErrorCode;
  readonly message: string;
  readonly hint: string;
  readonly retryable: boolean;
  readonly details: Readonly<Record<string, unknown>>;
}

/** OpsError → plain data, without cause and stack. */
export function toPlain(error: OpsError): PlainError {
  const { code, message, hint, retryable, details } = error;
  return { code, message, hint, retryable, details };
}

/** Plain data → OpsError; a code that this version does not know becomes `unexpected`. */
export function fromPlain(plain: PlainError): OpsError {
  const code = plain.code in ERROR_CODES ? plain.code : "unexpected";
  return new OpsError(code, plain.message, plain);
}
