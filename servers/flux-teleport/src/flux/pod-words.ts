import { text } from "../kubernetes/fields.ts";

/** What a container that is not running says. */
const WAITING: Readonly<Record<string, string>> = {
  CrashLoopBackOff: "its program starts and ends again and again",
  ImagePullBackOff: "its image cannot be pulled",
  ErrImagePull: "its image cannot be pulled",
  InvalidImageName: "its image's name is not valid",
  CreateContainerConfigError: "a ConfigMap or Secret that it needs is missing",
  CreateContainerError: "it could not be made",
  RunContainerError: "it could not be started",
  OOMKilled: "it was killed at its memory limit",
  Unschedulable: "no node has room for it",
};

/** A few words for a pod's state, where we have some. */
export function podWords(reason: unknown, exitCode: number | undefined): string | undefined {
  const word = WAITING[text(reason) ?? ""];
  const exit = exitCode === undefined || exitCode === 0 ? undefined : exitWords(exitCode);
  return [word, exit].filter((part) => part !== undefined).join("; ") || undefined;
}

function exitWords(code: number): string {
  if (code === 126 || code === 127) return `exit code ${code}: the command is missing or not executable`;
  if (code === 137) return "exit code 137: killed (memory limit, probe or eviction)";
  if (code === 143) return "exit code 143: it was asked to end";
  return `exit code ${code}`;
}
