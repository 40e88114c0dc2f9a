/** `2025-11-21 15:04`, of an ISO time. */
export function printTime(iso: string): string {
  return iso.slice(0, 16).replace("T", " ");
}
