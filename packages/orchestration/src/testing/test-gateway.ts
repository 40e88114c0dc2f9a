import { connect, createSecureServer, createServer, type IncomingHttpHeaders, type ServerHttp2Stream } from "node:http2";
import type { AddressInfo, Socket } from "node:net";

/** What stands before a Temporal in a company: it ends TLS, and knows who may come in. */
export interface TestGateway {
  /** localhost:port */
  readonly address: string;
  /** Keys that came in clear text or over TLS, as they were sent. */
  readonly authorizations: readonly string[];
  stop(): Promise<void>;
}

/** What it asks for, and what it says. */
export interface GatewayOptions {
  /** host:port of the Temporal behind it. */
  readonly upstream: string;
  readonly tls?: { readonly cert: Buffer; readonly key: Buffer; readonly clientAuthority?: Buffer };
  /** Others are refused as Temporal's own authorizer refuses them. */
  readonly apiKey?: string;
  /** By how much its clock is ahead. */
  readonly aheadMs?: number;
}

const PERMISSION_DENIED = { ":status": 200, "content-type": "application/grpc", "grpc-status": "7" };

/** Starts one on a free loopback port. */
export async function startTestGateway({ upstream, tls, apiKey, aheadMs = 0 }: GatewayOptions): Promise<TestGateway> {
  const behind = connect(`http://${upstream}`);
  behind.on("error", () => undefined);
  const authorizations: string[] = [];
  const mutual = tls?.clientAuthority === undefined ? {} : { requestCert: true, ca: tls.clientAuthority };
  const server = tls === undefined ? createServer() : createSecureServer({ cert: tls.cert, key: tls.key, ...mutual });
  server.on("stream", (stream: ServerHttp2Stream, headers: IncomingHttpHeaders) => {
    const { authorization } = headers;
    if (authorization !== undefined) authorizations.push(authorization);
    const date = new Date(Date.now() + aheadMs).toUTCString();
    stream.on("error", () => undefined);
    if (apiKey !== undefined && authorization !== `Bearer ${apiKey}`) {
      stream.respond({ ...PERMISSION_DENIED, date }, { endStream: true });
      return;
    }
    const asked = behind.request(headers);
    asked.on("error", () => stream.close());
    stream.pipe(asked);
    let trailers: IncomingHttpHeaders = {};
    asked.once("trailers", (said) => (trailers = said));
    asked.once("response", ({ ":status": status, ...said }) => {
      if (stream.destroyed) return;
      // A failure has its status here, and no trailers.
      if (said["grpc-status"] !== undefined) return void stream.respond({ ...said, ":status": status ?? 200, date }, { endStream: true });
      stream.once("wantTrailers", () => stream.sendTrailers(trailers));
      stream.respond({ ...said, ":status": status ?? 200, date }, { waitForTrailers: true });
      asked.pipe(stream);
    });
  });
  const open = new Set<Socket>();
  server.on("connection", (socket: Socket) => {
    open.add(socket);
    socket.once("close", () => open.delete(socket));
    socket.on("error", () => undefined);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return {
    address: `localhost:${port}`,
    authorizations,
    stop: async () => {
      behind.destroy();
      for (const socket of open) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
