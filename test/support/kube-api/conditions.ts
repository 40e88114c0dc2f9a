import { now, type KubeObject } from "./object-store.ts";

/** How a reconciliation ended, or stands. */
export interface Outcome {
  readonly ready: "True" | "False" | "Unknown";
  readonly reason: string;
  readonly message: string;
  /** Type of a further condition that is True when all is well. */
  readonly more?: string;
  /** Type of a further condition that is True when it failed. */
  readonly negative?: string;
  /** Whether it is tried again: then it is Reconciling too. */
  readonly again?: boolean;
}

export const ok = (reason: string, message: string): Outcome => ({ ready: "True", reason, message });
export const failing = (reason: string, message: string, again = true): Outcome => ({ ready: "False", reason, message, again });
export const progressing = (message: string): Outcome => ({ ready: "Unknown", reason: "Progressing", message });

/** The conditions that the real controllers write for it; a time stays while the status of its condition stays. */
export function conditionsOf(outcome: Outcome, generation: number, object: KubeObject): unknown[] {
  const before = (object.status?.["conditions"] ?? []) as { type: string; status: string; lastTransitionTime: string }[];
  const condition = (type: string, status: string, reason: string, message: string) => {
    const known = before.find((one) => one.type === type && one.status === status);
    return { type, status, reason, message, observedGeneration: generation, lastTransitionTime: known?.lastTransitionTime ?? now() };
  };
  const { ready, reason, message, more, negative, again } = outcome;
  if (ready === "Unknown") {
    return [
      condition("Reconciling", "True", "Progressing", message),
      condition("Ready", "Unknown", "Progressing", "Reconciliation in progress"),
      condition("Healthy", "Unknown", "Progressing", message),
    ];
  }
  const artifact = before.find((one) => one.type === "ArtifactInStorage");
  return [
    ...(ready === "False" && again === true ? [condition("Reconciling", "True", "ProgressingWithRetry", message)] : []),
    condition("Ready", ready, reason, message),
    ...(ready === "False" && negative !== undefined ? [condition(negative, "True", reason, message)] : []),
    ...(ready === "True" && more !== undefined ? [condition(more, "True", reason, message)] : []),
    ...(ready === "False" && artifact !== undefined ? [artifact] : []),
    ...(reason === "HealthCheckFailed" ? [condition("Healthy", "False", reason, message)] : []),
  ];
}
