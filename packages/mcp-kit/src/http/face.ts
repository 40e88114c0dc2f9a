import { setTimeout as sleep } from "node:timers/promises";
import type { HttpSettings, Tokens } from "@platform-ops/ledger";
import type { ServerDefinition } from "../server-definition.ts";
import { admitAll, admitByToken, type Gatekeeper } from "./access.ts";
import { RequestAnswers } from "./answer-request.ts";
import { hostsOf } from "./exposure.ts";
import { isLoopback } from "./listen.ts";
import type { Metrics } from "./metrics.ts";
import { Sessions } from "./sessions.ts";

/** What is served, as the operator's files have it. */
export interface Served {
  readonly definition: ServerDefinition;
  readonly settings: HttpSettings;
  /** Rejects where calls could not be answered now. */
  ready(): Promise<unknown>;
  /** Gives back what the definition works with, when nothing of it is served any more. */
  close?(): Promise<void>;
}

/** One definition behind its gate: what answers requests until the operator's files change, or it ends. */
export class Face {
  readonly definition: ServerDefinition;
  readonly answers: RequestAnswers;
  readonly sessions: Sessions;
  readonly #served: Served;
  readonly #gate: Gatekeeper;
  #ending: Promise<void> | undefined;

  constructor(served: Served, tokens: Tokens, metrics: Metrics) {
    const { settings, ready } = served;
    this.#served = served;
    this.definition = counted(served.definition, metrics);
    const { logger } = this.definition;
    // The SDK's errors can hold a dump of what was sent.
    this.sessions = new Sessions(settings.limits, ({ name }) => logger.debug("protocol", { error: name }));
    this.#gate = settings.authentication === "none" ? admitAll(this.definition) : admitByToken(this.definition, tokens);
    this.answers = new RequestAnswers({
      definition: this.definition,
      gate: this.#gate,
      sessions: this.sessions,
      metrics,
      limits: settings.limits,
      guard: { hosts: hostsOf(settings), origins: settings.allowed_origins },
      scheme: settings.tls === undefined ? "http" : "https",
      openMetrics: isLoopback(settings.host),
      ready,
    });
  }

  /** Looks for what nobody uses any more. */
  sweep(): void {
    this.#gate.sweep();
    this.answers.sweep();
    this.sessions.sweep((access) => this.#gate.isAdmitted(access));
  }

  /** Begins nothing new, answers what is in flight, cancels what takes too long, and lets all of it be recorded. */
  end(): Promise<void> {
    return (this.#ending ??= this.#end());
  }

  async #end(): Promise<void> {
    this.answers.drain();
    const until = Date.now() + this.#served.settings.limits.drain_seconds * 1000;
    while (this.answers.active > 0 && Date.now() < until) await sleep(20);
    await this.answers.close();
    await Promise.race([this.#gate.settled(), sleep(1_000)]);
    await this.#served.close?.();
  }
}

/** The same server, with its calls counted where they are put on record. */
function counted(definition: ServerDefinition, metrics: Metrics): ServerDefinition {
  const { audit } = definition;
  return {
    ...definition,
    audit: {
      append: async (entry) => {
        metrics.audited(entry);
        await audit.append(entry);
      },
      read: (options) => audit.read(options),
    },
  };
}
