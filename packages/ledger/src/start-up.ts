// The light entry: what can be known at start without reading any setting.
export { fileStart, keepStart, knownStart, type FileStart, type KnownStart } from "./settings/known-start.ts";
export { isUnconfigured, type Start } from "./settings/unconfigured.ts";
