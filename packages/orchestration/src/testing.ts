// For tests only: a real Temporal that they start themselves.
export { startTestTemporal, testTemporalBinary, type TestTemporal } from "./testing/test-temporal.ts";
