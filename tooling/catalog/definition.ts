import { definitionJsonSchema } from "@platform-ops/meta-workflow-registry/definition";
import { code, markdownTable } from "./markers.ts";
import { shapeOf, type Schema } from "./schema-words.ts";

const OF_EVERY_STEP = "field_";
const OF_ONE_KIND = "step_";

/** The tables of docs/reference/runbook-definition.md, from the JSON Schema that `lint` holds definitions against. */
export function definitionParts(): [string, string][] {
  const schema = definitionJsonSchema() as Schema;
  const definitions = schema.$defs ?? {};
  const shared = Object.entries(definitions).filter(([name]) => name.startsWith(OF_EVERY_STEP));
  const kinds = Object.entries(definitions).filter(([name]) => name.startsWith(OF_ONE_KIND));
  return [
    ["definition-keys", tableOf(Object.entries(schema.properties ?? {}), schema.required)],
    [
      "definition-step-keys",
      tableOf(
        shared.map(([name, field]) => [name.slice(OF_EVERY_STEP.length), field]),
        ["id"],
      ),
    ],
    ["definition-step-kinds", kinds.map(([, kind]) => kindText(kind)).join("\n\n")],
  ];
}

/** One kind of step: its names, and the keys that are its own. */
function kindText({ properties = {}, required }: Schema): string {
  const names = (properties["type"]?.enum ?? []).map(code);
  const own = Object.entries(properties).filter(
    ([name, { $ref }]) => name !== "type" && !($ref ?? "").startsWith(`#/$defs/${OF_EVERY_STEP}`),
  );
  return `### ${names.join(", ")}\n\n${own.length === 0 ? "No keys of its own." : tableOf(own, required)}`;
}

function tableOf(entries: readonly (readonly [string, Schema])[], required: readonly string[] = []): string {
  const rows = entries.map(([name, schema]) => [
    code(name),
    shapeOf(schema),
    required.includes(name) ? "yes" : "",
    schema.description ?? descriptionOf(schema),
  ]);
  return markdownTable(["key", "takes", "required", "meaning"], rows);
}

/** Where the key itself says nothing, what its forms say. */
function descriptionOf({ anyOf = [] }: Schema): string {
  return anyOf.find(({ description }) => description !== undefined)?.description ?? "";
}
