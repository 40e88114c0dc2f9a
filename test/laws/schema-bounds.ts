type Json = Readonly<Record<string, unknown>>;

const isObject = (value: unknown): value is Json => typeof value === "object" && value !== null && !Array.isArray(value);

/**
 * The parts of a JSON Schema that would accept something unknown or without end: objects with unknown keys, strings without
 * a largest length, arrays without a largest size. A map is fine when its keys and values are bounded; a part that accepts
 * anything at all is bounded by the kit's limit on one message, and is parsed by its own strict parser.
 */
export function unboundedParts(schema: unknown, path = "input"): string[] {
  if (!isObject(schema)) return [];
  const faults: string[] = [];
  const type = schema["type"];
  const isChosen = schema["enum"] !== undefined || schema["const"] !== undefined;
  if (type === "string" && !isChosen && schema["maxLength"] === undefined) faults.push(`${path} is a string of any length`);
  if (type === "array" && schema["maxItems"] === undefined) faults.push(`${path} is an array of any size`);
  if (type === "object" && schema["additionalProperties"] !== false && !isMap(schema)) faults.push(`${path} accepts unknown keys`);
  for (const [name, property] of Object.entries(isObject(schema["properties"]) ? schema["properties"] : {}))
    faults.push(...unboundedParts(property, `${path}.${name}`));
  for (const keyword of ["items", "additionalProperties", "propertyNames", "not"])
    faults.push(...unboundedParts(schema[keyword], `${path}.${keyword}`));
  for (const keyword of ["anyOf", "oneOf", "allOf", "prefixItems"]) {
    const members = Array.isArray(schema[keyword]) ? schema[keyword] : [];
    faults.push(...members.flatMap((member, index) => unboundedParts(member, `${path}.${keyword}[${index}]`)));
  }
  return faults;
}

const isMap = (schema: Json): boolean => isObject(schema["propertyNames"]) && isObject(schema["additionalProperties"]);
