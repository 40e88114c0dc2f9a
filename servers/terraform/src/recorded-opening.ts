import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Opening } from "@platform-ops/mcp-kit/start-up";
import { VERSION } from "./identity.ts";

/**
 * What this build answers to a client's opening, recorded from itself when it was built (tooling/build/opening.ts).
 * Undefined where there is no record, as when started from source.
 */
export function recordedOpening(): Opening | undefined {
  try {
    const opening = JSON.parse(readFileSync(join(import.meta.dirname, "opening.json"), "utf8")) as Opening;
    return opening.version === VERSION ? opening : undefined;
  } catch {
    return undefined;
  }
}
