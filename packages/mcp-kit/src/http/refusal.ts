/** A request that is not served: status, JSON-RPC error and further headers. Words of ours only. */
export class Refusal extends Error {
  readonly status: number;
  readonly code: number;
  readonly headers: Readonly<Record<string, string>>;
  /** For the log and the metrics. */
  readonly reason: string;

  constructor(status: number, reason: string, message: string, options: { code?: number; headers?: Record<string, string> } = {}) {
    super(message);
    this.name = "Refusal";
    this.status = status;
    this.reason = reason;
    this.code = options.code ?? -32000;
    this.headers = options.headers ?? {};
  }

  /** The body: a JSON-RPC error, which clients of every make can read. */
  body(): string {
    return JSON.stringify({ jsonrpc: "2.0", error: { code: this.code, message: this.message }, id: null });
  }
}
