import { connect } from "node:http2";

/** Temporal's frontend registers its health under the name of its service. */
const SERVICE = "temporal.api.workflowservice.v1.WorkflowService";

/**
 * Whether a Temporal frontend serves at that address, by one gRPC health check (grpc.health.v1.Health/Check), written
 * by hand so that no gRPC package is needed: a gRPC message is a zero byte (not compressed), its length in four bytes,
 * and the protobuf; HealthCheckRequest has the service's name as field 1, HealthCheckResponse the status as field 1,
 * where 1 is SERVING (grpc/health/v1/health.proto).
 */
export function isServing(address: string, timeoutMs: number): Promise<boolean> {
  return new Promise((resolve) => {
    const session = connect(`http://${address}`);
    const timer = setTimeout(() => end(false), timeoutMs);
    const end = (serving: boolean): void => {
      clearTimeout(timer);
      session.destroy();
      resolve(serving);
    };
    session.once("error", () => end(false));
    const stream = session.request({
      ":method": "POST",
      ":path": "/grpc.health.v1.Health/Check",
      "content-type": "application/grpc",
      te: "trailers",
    });
    const chunks: Buffer[] = [];
    stream.on("data", (chunk: Buffer) => chunks.push(chunk));
    stream.once("error", () => end(false));
    stream.once("end", () => end(statusOf(Buffer.concat(chunks)) === 1));
    stream.end(healthRequest(SERVICE));
  });
}

function healthRequest(service: string): Buffer {
  const name = Buffer.from(service);
  const frame = Buffer.concat([Buffer.from([0, 0, 0, 0, name.length + 2, 0x0a, name.length]), name]);
  return frame;
}

/** The status of a HealthCheckResponse frame; 0 (UNKNOWN) where it says nothing. */
export function statusOf(frame: Buffer): number {
  return frame.length >= 7 && frame[5] === 0x08 ? (frame[6] ?? 0) : 0;
}
