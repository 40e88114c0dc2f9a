// The light entry: nothing here loads Temporal.
export * from "./contract/index.ts";
export { ensureLocal, ensureWorkers, type EnsureLocalOptions, type EnsureOptions, type LocalTemporal } from "./local/ensure-local.ts";
export { stopSupervisor, supervisorStatus, touchSupervisor } from "./local/supervisor-client.ts";
export { watchSupervisor } from "./local/watch-supervisor.ts";
export { readWorkerLaunch, type SupervisorStatus, type TemporalView, type WorkerSpec, type WorkerView } from "./supervisor/protocol.ts";
export { endDetached, isDetachedRunning } from "./detached/wrapper-group.ts";
export { runDetached, type DetachedEnd, type DetachedOptions, type DetachedState } from "./detached/run-detached.ts";
export {
  groupMembers,
  identify,
  isSameProcess,
  readProcess,
  waitForEmptyGroup,
  type ProcessIdentity,
  type ProcessRow,
} from "./process/process-table.ts";
export { isOtherTemporalThere } from "./local/diagnose-temporal.ts";
export { PINNED_CLI, PINNED_SERVER } from "./local/server-version.ts";
export { locateTemporal, type LocateTemporalOptions, type LocatedTemporal } from "./setup/locate-temporal.ts";
export { installTemporal, type InstallTemporalOptions } from "./setup/install-temporal.ts";
export { installWorkerRuntime, runtimeHash, runtimePath, type InstallRuntimeOptions } from "./setup/worker-runtime.ts";
export { installedFrom, installWorkerBuild, type InstallBuildOptions, type WorkerBuild } from "./setup/worker-build.ts";
export { printStatus, supervisorCommand } from "./commands/supervisor-command.ts";
export { uiCommand, type UiPort } from "./commands/ui-command.ts";
export { setupNeeded, type DurableServer, type ServerSurroundings } from "./server/durable-server.ts";
export { superviseOrchestration, type SupervisedParts } from "./server/supervised-orchestration.ts";
export type { KeptOrchestration, Need } from "./server/keep-orchestration.ts";
export { queueFamily, runQueue } from "./server/run-queue.ts";
export { setupCommand } from "./server/setup-command.ts";
export { durableChecks } from "./server/worker-check.ts";
export { workerCommand } from "./server/worker-command.ts";
