import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { KnownStart } from "@platform-ops/ledger/start-up";
import type { Opening } from "./front.ts";

/** What a build answers to a client's opening, recorded from itself when it was built (tooling/build/opening.ts). */
export interface RecordedOpening extends Opening {
  /** The toolset of each tool, which a listing does not tell. */
  readonly toolsets: Readonly<Record<string, string>>;
}

/** The record beside the running file; undefined where there is none of this version, as when started from source. */
export function recordedOpening(folder: string, version: string): RecordedOpening | undefined {
  try {
    const opening = JSON.parse(readFileSync(join(folder, "opening.json"), "utf8")) as RecordedOpening;
    return opening.version === version ? opening : undefined;
  } catch {
    return undefined;
  }
}

/** What of the record a server offers that is read-only, or has some toolsets only. */
export function offeredOf({ toolsets: toolsetOf, ...opening }: RecordedOpening, { readOnly, toolsets }: KnownStart): Opening {
  const tools = opening.tools.filter(
    ({ name, annotations }) =>
      (!readOnly || annotations.readOnlyHint) && (toolsets === undefined || toolsets.includes(toolsetOf[name] ?? "")),
  );
  return { ...opening, tools };
}
