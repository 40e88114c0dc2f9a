import { DefaultFailureConverter } from "@temporalio/common";

/** Messages and stack traces of failures pass the codec too; only the type (our code) stays readable in history. */
export const failureConverter = new DefaultFailureConverter({ encodeCommonAttributes: true });
