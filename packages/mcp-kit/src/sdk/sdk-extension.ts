import type { Server, ServerContext } from "@modelcontextprotocol/server";

/** One request, as an extension sees it. */
export interface ExtendedRequest {
  readonly era: "modern" | "legacy";
  readonly context: ServerContext;
  /** The SDK's server of this connection. */
  readonly server: Server;
  /** What the kit answers to the same request. Rejects with `MethodNotFound` where it answers none of that method. */
  kit(): Promise<object>;
}

/** An answer in the protocol's own terms. A `ProtocolError` that it throws reaches the client as it is. */
export type ExtendedAnswer = (params: any, request: ExtendedRequest) => object | Promise<object>;

/**
 * What a definition answers in the protocol's own terms, beside the kit or in its place: content, methods and questions that
 * tools as values do not have. Nothing of it is checked, masked, cut or recorded, so no server of ours has one (a law); it is
 * for servers that try the protocol itself, as the one that the conformance suite is run against.
 */
export interface SdkExtension {
  /** Merged over those of the kit. */
  readonly capabilities: Readonly<Record<string, object>>;
  /** By the protocol's name of the method; one of a kind that no capability names cannot be answered. */
  readonly answers: Readonly<Record<string, ExtendedAnswer>>;
}
