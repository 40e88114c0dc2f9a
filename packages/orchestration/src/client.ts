// The client face: loads Temporal's client. Import it on the first call that needs it, never at start.
export { connect, type ConnectOptions } from "./client/orchestration.ts";
export { connectionTarget, type TemporalConnectionSettings } from "./client/connection-settings.ts";
export { isLoopback, splitAddress, type ConnectionTarget, type TargetTls } from "./client/connection-target.ts";
export { tcpProbe } from "./client/probe.ts";
export { clusterChecks, type ClusterUse } from "./diagnosis/cluster-checks.ts";
export { payloadCodec } from "./codec/payload-codec.ts";
export { fromFailure } from "./failure/from-failure.ts";
export type {
  Orchestration,
  PendingActivity,
  RunAttributes,
  RunDescription,
  RunFilter,
  RunPage,
  RunStatus,
  StartRun,
  TemporalInUse,
  UpdateOptions,
} from "./contract/index.ts";
