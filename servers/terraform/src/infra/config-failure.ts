import { OpsError } from "@platform-ops/errors";
import type { Problem } from "./infra-config.ts";
import { problemLine, type ProblemTopic } from "./problem-list.ts";

const SHOWN = 20;
const KEPT = 200;

/**
 * All problems of a configuration as one failure: `path_not_allowed` where all of them are paths outside the roots, else
 * `invalid_config`. The message begins with the original orchestrator's words; details.problems has up to 200.
 */
export function configFailure(found: readonly (Problem & { topic: ProblemTopic })[], isInline: boolean): OpsError {
  const isOutside = found.every(({ topic }) => topic === "path");
  const opening = isInline && found.some(({ topic }) => topic === "shape") ? "Invalid config format" : "Invalid config";
  const lines = found.slice(0, SHOWN).map(problemLine);
  const more = found.length > SHOWN ? [`- and ${found.length - SHOWN} more`] : [];
  const text = found.length === 1 ? lines[0]! : [`${found.length} problems`, ...lines.map((line) => `- ${line}`), ...more].join("\n");
  const problems: Problem[] = found.slice(0, KEPT).map(({ topic: _topic, ...problem }) => problem);
  return new OpsError(isOutside ? "path_not_allowed" : "invalid_config", `${opening}: ${text}`, { details: { problems } });
}
