import { condition } from "@temporalio/workflow";

/** A condition that tells when it comes true, before what waits for it goes on; false where the time was up first. */
export function until(parts: { woken(): void }, holds: () => boolean, ms?: number): Promise<boolean> {
  const told = (): boolean => holds() && (parts.woken(), true);
  return ms === undefined ? condition(told).then(() => true) : condition(told, ms);
}
