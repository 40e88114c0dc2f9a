import type { Step } from "../definition/definition.ts";
import type { Frame } from "./frame.ts";
import type { RunScope } from "./scope.ts";

/** A step that is being carried out. */
export interface Here {
  readonly step: Step;
  readonly path: string;
  readonly frame: Frame;
  readonly scope: RunScope;
}
