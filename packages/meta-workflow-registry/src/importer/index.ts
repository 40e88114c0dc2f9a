// Definitions of other forms → ours, with everything that was changed told line by line. Pure.
export { importDefinition, type Imported } from "./import-definition.ts";
export { importRunbook } from "./runbook.ts";
export type { ImportOptions } from "./server-form.ts";
export type { Binding } from "./known.ts";
export { toYaml } from "./to-yaml.ts";
