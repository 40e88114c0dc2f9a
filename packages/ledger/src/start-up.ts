// The light entry: what can be known at start without reading any setting.
export { isUnconfigured, type Start } from "./settings/unconfigured.ts";
