// The worker face: loads Temporal's worker (native code). Only worker processes import it.
export { runWorker, type RunWorkerOptions, type TakeOver, type WorkerQueue } from "./worker/run-worker.ts";
export { bundleWorkflows, type BundleWorkflowsOptions } from "./worker/bundle.ts";
export { activitySignals, heartbeatEvery, type ActivitySignals } from "./worker/activity-signals.ts";
export { isDeadWorker, workerIdentity } from "./worker/worker-identity.ts";
export { asApplicationFailure, toApplicationFailure, type ApplicationFailureOptions } from "./failure/application-failure.ts";
export { fromFailure } from "./failure/from-failure.ts";
export { lockActivities } from "./lock/lock-activities.ts";
export { connectionTarget, type TemporalConnectionSettings } from "./client/connection-settings.ts";
export type { ConnectionTarget } from "./client/connection-target.ts";
export {
  runWorkerProcess,
  type WorkerLaunch,
  type WorkerParts,
  type WorkerPlace,
  type WorkerProcess,
  type WorkerSettings,
} from "./worker/worker-process.ts";
