// The light entry: what can be known at start without reading any setting, and what a terminal needs.
export { fileStart, keepStart, knownStart, type FileStart, type KnownStart } from "./settings/known-start.ts";
export { isUnconfigured, type Start } from "./settings/unconfigured.ts";
export { printable } from "./approvals/request-text.ts";
export { guarded } from "./terminal/guarded.ts";
export { paint } from "./terminal/paint.ts";
export { widthOf } from "./terminal/width.ts";
export { wrapped } from "./terminal/wrap.ts";
