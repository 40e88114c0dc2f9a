import { createLogger, Redactor } from "@platform-ops/ledger";
import { msToTs } from "@temporalio/common/lib/time.js";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { ConnectionTarget } from "../client/connection-target.ts";
import { openConnection } from "../client/connection.ts";
import { testCertificates, type TestCertificates } from "../testing/test-certificates.ts";
import { startTestGateway, type TestGateway } from "../testing/test-gateway.ts";
import { startTestTemporal, testTemporalBinary, type TestTemporal } from "../testing/test-temporal.ts";
import { connectPatiently } from "./connect-patiently.ts";

const binary = testTemporalBinary(process.env);
const LIMIT_MS = 60_000;

describe.skipIf(binary === undefined)(
  "a worker that waits for a cluster (needs the temporal program: set PLATFORM_OPS_TEST_TEMPORAL to its path)",
  { timeout: LIMIT_MS },
  () => {
    let certificates: TestCertificates;
    let temporal: TestTemporal;
    let gateway: TestGateway;
    beforeAll(async () => {
      certificates = testCertificates();
      temporal = await startTestTemporal({ binary: binary ?? "" });
      gateway = await startTestGateway({ upstream: temporal.address, tls: certificates.make("gateway") });
    }, LIMIT_MS);
    afterAll(async () => {
      await gateway?.stop();
      await temporal?.stop();
      certificates?.remove();
    });

    /** Connects until what is wrong was logged twice over, or it is there. */
    function waiting(target: Partial<ConnectionTarget>) {
      const lines: string[] = [];
      const logger = createLogger({ level: "info", redactor: new Redactor(), write: (line) => void lines.push(line) });
      const stop = new AbortController();
      const whole: ConnectionTarget = { mode: "cluster", address: temporal.address, namespace: "default", ...target };
      return { lines, stop, connection: connectPatiently({ target: whole, logger, signal: stop.signal }) };
    }

    it("says why in the words of doctor, once, and ends on its signal", async () => {
      const { lines, stop, connection } = waiting({ address: gateway.address, tls: true });
      await expect.poll(() => lines.length, { timeout: LIMIT_MS }).toBe(1);
      expect(lines[0]).toContain("its certificate comes from no authority that is known here");
      expect(lines[0]).toContain("temporal.tls.server_ca_cert_path");
      stop.abort();
      await expect(connection).rejects.toMatchObject({ name: "AbortError" });
      const closed = waiting({ address: "127.0.0.1:1" });
      await expect.poll(() => closed.lines.length, { timeout: LIMIT_MS }).toBe(1);
      expect(closed.lines[0]).toContain("nothing listens there");
      closed.stop.abort();
      await expect(closed.connection).rejects.toMatchObject({ name: "AbortError" });
    });

    it("waits for a namespace, names the command that makes it, and goes on when it is there", async () => {
      const tls = { serverRootCACertificate: certificates.authority.cert };
      const { lines, connection } = waiting({ address: gateway.address, tls, namespace: "later" });
      await expect.poll(() => lines.length, { timeout: LIMIT_MS }).toBe(1);
      expect(lines[0]).toContain(`temporal operator namespace create --address ${gateway.address} --namespace later --retention 90d`);
      const bare = await openConnection({ mode: "local", address: temporal.address, namespace: "default" });
      await bare.workflowService.registerNamespace({ namespace: "later", workflowExecutionRetentionPeriod: msToTs(86_400_000) });
      await bare.close();
      await (await connection).close();
    });
  },
);
