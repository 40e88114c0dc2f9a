import type { IncomingMessage } from "node:http";
import type { TokenGrant, Tokens } from "@platform-ops/ledger";
import { settled } from "../calls/call-tool.ts";
import type { ServerDefinition } from "../server-definition.ts";
import { Refusal } from "./refusal.ts";
import { RateLimit } from "./rate-limit.ts";

/** Who calls, and the server as that one may see it. */
export interface Access {
  /** Id of the token; of everybody where none is asked for. */
  readonly id: string;
  readonly principal: string;
  readonly definition: ServerDefinition;
}

/** Finds out who calls. */
export interface Gatekeeper {
  /** @throws Refusal 401, or 429 for an address that tried too often */
  admit(request: IncomingMessage): Access;
  /** Whether somebody who was admitted before still would be. */
  isAdmitted(access: Access): boolean;
  /** Resolves when no call of anybody is in flight. */
  settled(): Promise<unknown>;
  sweep(): void;
}

/** Everybody who reaches the server, with all that it offers: for loopback only. */
export function admitAll(definition: ServerDefinition): Gatekeeper {
  const access: Access = { id: "local", principal: definition.user, definition };
  return { admit: () => access, isAdmitted: () => true, settled: () => settled(definition), sweep: () => undefined };
}

/** Tries without a good token from one address that are answered, and put on record, at once and in the long run. */
const TRIES = { burst: 20, perSecond: 0.5 };

/** Those with a bearer token for this server. */
export function admitByToken(definition: ServerDefinition, tokens: Tokens): Gatekeeper {
  const tries = new RateLimit(TRIES.perSecond, TRIES.burst);
  const granted = new Map<string, Access>();

  const refuse = (request: IncomingMessage, why: "missing" | "unknown" | "revoked" | "expired", id?: string): Refusal => {
    const address = request.socket.remoteAddress ?? "";
    // Who shows none is told how: clients ask that way first.
    if (why !== "missing") {
      const wait = tries.take(address);
      if (wait !== undefined)
        return new Refusal(429, "tries", "Too many calls with tokens that are not taken. Ask the operator for one.", {
          headers: { "retry-after": String(Math.ceil(wait)) },
        });
      definition.logger.warn("a token was not taken", { why, address, ...(id === undefined ? {} : { id }) });
      if (id !== undefined)
        void definition.audit
          .append({ kind: "access", actor: `address:${address}`, what: "http", outcome: "refused", code: why, id })
          .catch(() => undefined);
    }
    const challenge =
      why === "missing"
        ? 'Bearer realm="platform-ops"'
        : `Bearer realm="platform-ops", error="invalid_token", error_description="${WORDS[why]}"`;
    return new Refusal(
      401,
      why === "missing" ? "no_token" : "bad_token",
      `${WORDS[why]}. The operator makes one with \`token create\`; send it as Authorization: Bearer TOKEN.`,
      {
        headers: { "www-authenticate": challenge },
      },
    );
  };

  return {
    admit(request) {
      const token = bearerToken(request);
      if (token === undefined) throw refuse(request, "missing");
      const grant = tokens.check(token, definition.name);
      if ("refused" in grant) {
        if (grant.id !== undefined) granted.delete(grant.id);
        throw refuse(request, grant.refused, grant.id);
      }
      const known = granted.get(grant.id);
      if (known !== undefined) return known;
      const access = { id: grant.id, principal: grant.principal, definition: narrowed(definition, grant) };
      granted.set(grant.id, access);
      return access;
    },
    settled: () => Promise.all([...granted.values()].map((access) => settled(access.definition))),
    isAdmitted: ({ id }) => !("refused" in tokens.recheck(id)),
    sweep() {
      tries.sweep();
      for (const id of granted.keys()) if ("refused" in tokens.recheck(id)) granted.delete(id);
    },
  };
}

const WORDS = {
  missing: "A bearer token is needed",
  unknown: "This token is none that this server takes",
  revoked: "This token was revoked",
  expired: "This token has expired",
} as const;

/** RFC 6750 §2.1. A token in an address is not looked at: addresses end up in logs. */
function bearerToken(request: IncomingMessage): string | undefined {
  return /^Bearer +([A-Za-z0-9._~+/=-]+) *$/i.exec(request.headers.authorization ?? "")?.[1];
}

/**
 * The server as a token's holder may see it. What a token is narrowed to is a set of tools, so nothing else is offered with
 * it then: what resources hold can be had by tools, each in its toolset. One object as long as the token lives, since
 * questions to a person belong to it.
 */
function narrowed(definition: ServerDefinition, { principal, toolsets, read_only }: TokenGrant): ServerDefinition {
  const { resources, prompts, ...rest } = definition;
  const offered =
    definition.toolsets === undefined
      ? toolsets
      : toolsets === undefined
        ? definition.toolsets
        : toolsets.filter((name) => definition.toolsets!.includes(name));
  return {
    ...rest,
    ...(toolsets !== undefined || resources === undefined ? {} : { resources }),
    ...(toolsets !== undefined || prompts === undefined ? {} : { prompts }),
    user: principal,
    toolsets: offered,
    readOnly: definition.readOnly === true || read_only,
    offeredTo: "this token",
  };
}
