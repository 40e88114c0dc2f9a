// For tests only: a real Temporal that they start themselves.
export { replayHistory } from "./testing/fixture/fixture-worker.ts";
export { startBareRunbook, type BareRunbook } from "./testing/bare-runbook.ts";
export { testCertificates, type TestCertificate, type TestCertificates } from "./testing/test-certificates.ts";
export { startTestGateway, type GatewayOptions, type TestGateway } from "./testing/test-gateway.ts";
export { startTestTemporal, testTemporalBinary, type TestTemporal } from "./testing/test-temporal.ts";
