// The workflow face: safe in the sandbox. Imports @temporalio/workflow, @temporalio/common and pure files only.
export { drain, onDecide, onSignal, refreshCredentials, refuseForeign } from "./workflow/messages.ts";
export { fittingStatus } from "./workflow/fitting-status.ts";
export { keepStatus } from "./workflow/memo.ts";
export { RunLock, takeLock, type HeldLock, type TakeLock } from "./lock/run-lock.ts";
export { lockId, type LockActivities, type LockHolder } from "./lock/lock-contract.ts";
export { foreignReason, isForeign } from "./codec/foreign.ts";
export { asApplicationFailure, toApplicationFailure, type ApplicationFailureOptions } from "./failure/application-failure.ts";
export { fromFailure } from "./failure/from-failure.ts";
export { MEMO_LIMIT_BYTES, SIGNAL_DRAIN, SIGNAL_REFRESH_CREDENTIALS, UPDATE_DECIDE, localTaskQueue } from "./contract/names.ts";
