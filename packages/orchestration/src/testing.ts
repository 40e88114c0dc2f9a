// For tests only: a real Temporal that they start themselves.
export { replayHistory } from "./testing/fixture/fixture-worker.ts";
export { startBareRunbook, type BareRunbook } from "./testing/bare-runbook.ts";
export { startTestTemporal, testTemporalBinary, type TestTemporal } from "./testing/test-temporal.ts";
