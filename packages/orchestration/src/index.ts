// The light entry: nothing here loads Temporal.
export * from "./contract/index.ts";
export { ensureLocal, ensureWorkers, type EnsureLocalOptions, type EnsureOptions, type LocalTemporal } from "./local/ensure-local.ts";
export { stopSupervisor, supervisorStatus, touchSupervisor } from "./local/supervisor-client.ts";
export { readWorkerLaunch, type SupervisorStatus, type TemporalView, type WorkerSpec, type WorkerView } from "./supervisor/protocol.ts";
export { runDetached, type DetachedEnd, type DetachedOptions, type DetachedState } from "./detached/run-detached.ts";
export { groupMembers, identify, isSameProcess, readProcess, type ProcessIdentity, type ProcessRow } from "./process/process-table.ts";
