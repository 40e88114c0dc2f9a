import type { ApprovalRequest } from "./approval.ts";

/**
 * How a person can decide a request now, one line a way. `command` is what stands before `approve ID` on a command line;
 * `form` says what the agent does so that its client asks the person, and is absent where the client shows no forms.
 */
export function waysToDecide({ id, channels }: Pick<ApprovalRequest, "id" | "channels">, command: string, form?: string): string[] {
  const approve = `${command} approve ${id}`;
  const ways = [
    ...(channels.includes("elicit") && form !== undefined ? [`by form: ${form}`] : []),
    ...(channels.includes("cli") ? [`at a terminal: ${approve}`] : []),
    ...(channels.includes("signed") ? [`by signature: ${approve} --key FILE`] : []),
  ];
  return ways.length > 0 ? ways : ["by form only: in a client that shows forms"];
}
