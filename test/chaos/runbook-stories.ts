/** A shipped runbook, what scripted agents submit in it, and what must have happened when it has ended: each once. */
export interface RunbookStory {
  readonly workflow: string;
  readonly inputs: Readonly<Record<string, unknown>>;
  /** By step. */
  readonly results: Readonly<Record<string, unknown>>;
  /** Boundaries at which somebody can be killed: the start, each result, the decision; `effect`: right after what it allows. */
  readonly boundaries: readonly string[];
  /** Lines of the platform's file of effects that must stand there once: of steps that are not idempotent. */
  readonly once: readonly string[];
  /** Those of idempotent steps: at least once. There are no others. */
  readonly idempotent: readonly string[];
}

export const INCIDENT: RunbookStory = {
  workflow: "incident-response",
  inputs: { service: "shop", symptom: "Nobody can check out.", severity: "P1", recovered_for: "1s" },
  results: {
    assess: {
      impact: "No order has gone through since 09:00.",
      hypothesis: "The release of 08:58 broke the payment call.",
      mitigation: "roll_back",
      target: "1.9",
      why: "The errors began with the release.",
    },
    root_cause: { cause: "A field became mandatory that older clients do not send.", evidence: ["release 2.0", "log line 41"] },
    post_mortem: {
      summary: "Orders failed for an hour because a field became mandatory.",
      actions: [{ what: "Test releases with older clients", owner: "ana", ticket: "OPS-1" }],
    },
  },
  boundaries: ["start", "assess", "approval", "effect", "root_cause", "post_mortem"],
  once: ["mitigate shop roll_back 1.9"],
  idempotent: ["page P1: shop: Nobody can check out.", "status P1 shop: incident response has ended."],
};

/** As shipped but for the length of its watch, which would be a minute at least. */
export const DEPLOYMENT: RunbookStory = {
  workflow: "staged-deployment",
  inputs: { service: "shop", version: "2.0" },
  results: {
    release_note: {
      summary: "Orders can be paid in two parts; nothing else changes for anybody.",
      risk: "low",
      undo: "Deploy 1.0 again.",
    },
  },
  boundaries: ["start", "release_note", "approval", "effect"],
  once: ["apply shop 2.0 production"],
  idempotent: ["apply shop 2.0 staging"],
};

/** Whoever can be killed: `client` goes away without a word, while its call is on the way. */
export const RUNBOOK_VICTIMS = ["server", "worker", "temporal", "client"] as const;
export type RunbookVictim = (typeof RUNBOOK_VICTIMS)[number];
