import { dirname } from "node:path";
import { type Definition, definitions } from "./definitions.ts";
import { absolutePath } from "./paths.ts";
import type { Reading } from "./reading.ts";
import type { ConfigFile } from "./schema.ts";
import type { FileOf } from "./settings-files.ts";
import { put, valueAt } from "./setting-values.ts";

/** Settings whose text is a path. */
const PATHS = new Set([
  "temporal.binary",
  "temporal.config_file",
  "temporal.tls.server_ca_cert_path",
  "temporal.tls.client_cert_path",
  "temporal.tls.client_key_path",
  "terraform.terraform_path",
  "terraform.tofu_path",
  "remote.tsh_path",
  "remote.kubectl_path",
  "remote.teleport_home",
  "remote.teleport_identity_file",
  "remote.agent",
  "meta_workflows.definitions_path",
  "meta_workflows.registry_path",
  "meta_workflows.bindings",
]);

/** Everything but policy, as a tree like the file's: flag > environment > file > default. */
export function ordinarySettings(reading: Reading, config: FileOf<ConfigFile> | undefined): Record<string, unknown> {
  const tree: Record<string, unknown> = {};
  for (const definition of definitions()) {
    if (definition.facts.policy) continue;
    const found = ordinaryValue(reading, definition, config);
    reading.origin[definition.name] = found.origin;
    if (found.value !== undefined) put(tree, definition.path, found.value);
  }
  return tree;
}

function ordinaryValue(
  reading: Reading,
  definition: Definition,
  config: FileOf<ConfigFile> | undefined,
): { value: unknown; origin: string } {
  const given = reading.given(definition.name);
  if (given !== undefined) {
    const value = reading.coerced(definition, given);
    if (value === undefined) return { value: definition.facts.default, origin: "default" };
    return {
      value: PATHS.has(definition.name) ? placed(reading, value, reading.sources.cwd) : value,
      origin: given.origin,
    };
  }
  const inFile = valueAt(config?.content, definition.path);
  if (config !== undefined && inFile !== undefined) {
    const value = PATHS.has(definition.name) ? placed(reading, inFile, dirname(config.file.path)) : inFile;
    return { value, origin: `file ${config.file.path}` };
  }
  return { value: definition.facts.default, origin: "default" };
}

/** A path, or each of several, from the folder in which it was said. */
function placed(reading: Reading, value: unknown, from: string): unknown {
  if (Array.isArray(value)) return value.map((each) => placed(reading, each, from));
  return typeof value === "string" ? absolutePath(value, from, reading.sources.home) : value;
}
