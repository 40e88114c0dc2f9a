import { connect, type IncomingHttpHeaders, type IncomingHttpStatusHeader } from "node:http2";
import type { Duplex } from "node:stream";

/** What came back for one request without arguments. */
export interface GrpcAnswer {
  readonly http: number;
  /** https://grpc.github.io/grpc/core/md_doc_statuscodes.html; undefined: it is no gRPC that answered. */
  readonly grpc: number | undefined;
  /** What the answering side holds for the time: proxies tell it, Temporal itself does not. */
  readonly date: string | undefined;
}

/** Asks nothing and changes nothing: every Temporal answers it, mostly to anybody. */
const SYSTEM_INFO = "/temporal.api.workflowservice.v1.WorkflowService/GetSystemInfo";
/** A gRPC message: not compressed, of no bytes (https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md). */
const EMPTY = Buffer.alloc(5);

/**
 * Asks over an open socket whether a Temporal is there, by hand, so that what stands in the way is seen; a gRPC client tells all of it
 * as "no connection". Ends the socket. Rejects with the socket's own error where it has one: alerts of TLS come there.
 */
export function askSystemInfo(
  socket: Duplex,
  authority: string,
  headers: Readonly<Record<string, string>>,
  timeoutMs: number,
): Promise<GrpcAnswer> {
  return new Promise((resolve, reject) => {
    const scheme = "encrypted" in socket ? "https" : "http";
    const session = connect(`${scheme}://${authority}`, { createConnection: () => socket });
    let told: Error | undefined;
    const end = (settle: () => void): void => {
      clearTimeout(timer);
      session.destroy();
      socket.destroy();
      settle();
    };
    const lost = (error: Error): void => {
      told ??= error;
      // The reason may come behind the first sign of the end: an alert behind a broken pipe.
      setImmediate(() => end(() => reject(told ?? error)));
    };
    const timer = setTimeout(() => end(() => reject(Object.assign(new Error("no answer in time"), { code: "ETIMEDOUT" }))), timeoutMs);
    socket.on("error", (error) => {
      told = error;
      lost(error);
    });
    session.on("error", lost);
    session.once("close", () => lost(new Error("closed")));
    const stream = session.request({
      ...headers,
      ":method": "POST",
      ":path": SYSTEM_INFO,
      "content-type": "application/grpc",
      te: "trailers",
    });
    let head: (IncomingHttpHeaders & IncomingHttpStatusHeader) | undefined;
    let status: string | undefined;
    const hear = (said: IncomingHttpHeaders): void => void (status ??= said["grpc-status"] as string | undefined);
    stream.on("response", (said) => {
      head = said;
      hear(said);
    });
    stream.on("trailers", hear);
    stream.on("error", lost);
    stream.resume();
    stream.once("end", () =>
      // Trailers are told before the end, or with it.
      setImmediate(() => {
        if (head === undefined) return lost(new Error("no answer"));
        const isGrpc = (head["content-type"] ?? "").startsWith("application/grpc") && /^\d{1,2}$/.test(status ?? "");
        const answer = { http: head[":status"] ?? 0, grpc: isGrpc ? Number(status) : undefined, date: head["date"] };
        return end(() => resolve(answer));
      }),
    );
    stream.end(EMPTY);
  });
}
