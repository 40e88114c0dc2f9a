/** By which way a decision comes; what each proves is in docs/decisions/0004-approvals.md. */
export const CHANNELS = ["auto", "elicit", "cli", "signed"] as const;
export type Channel = (typeof CHANNELS)[number];
