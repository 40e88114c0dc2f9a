import { OpsError } from "@platform-ops/errors";

// Grammars of what kubectl takes. It checks none of them itself: `--all` or `-oyaml` as a name would be an option.

const LABEL = "[a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?";
const SUBDOMAIN = new RegExp(`^${LABEL}(?:\\.${LABEL})*$`);
const NAMESPACE = new RegExp(`^${LABEL}$`);
const RESOURCE = /^[a-z][a-z0-9-]*(?:\.[a-z0-9-]+)*$/;
const KEY = /^(?:[a-z0-9](?:[-a-z0-9.]{0,251}[a-z0-9])?\/)?[A-Za-z0-9](?:[-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?$/;
const VALUE = /^(?:[A-Za-z0-9](?:[-A-Za-z0-9_.]{0,251}[A-Za-z0-9])?)?$/;

function check(what: string, value: string, grammar: RegExp, rule: string, longest: number): string {
  if (value.length <= longest && grammar.test(value)) return value;
  throw new OpsError("invalid_input", `${what}: ${JSON.stringify(value.slice(0, 80))} is not a valid ${what}. ${rule}`);
}

/** An object's name (RFC 1123 subdomain). @throws OpsError invalid_input */
export function checkName(name: string): string {
  return check("name", name, SUBDOMAIN, "Lower-case letters, digits, `-` and `.`; it begins and ends with a letter or digit.", 253);
}

/** A namespace (RFC 1123 label). @throws OpsError invalid_input */
export function checkNamespace(namespace: string): string {
  return check("namespace", namespace, NAMESPACE, "Lower-case letters, digits and `-`, at most 63.", 63);
}

/** `plural.group`. @throws OpsError invalid_input */
export function checkResource(resource: string): string {
  return check("kind", resource, RESOURCE, "A plural with its group.", 253);
}

/** `key=value` pairs joined by commas. @throws OpsError invalid_input */
export function checkSelector(pairs: Readonly<Record<string, string>>): string {
  return Object.entries(pairs)
    .map(([key, value]) => `${check("selector", key, KEY, "", 317)}=${check("selector", value, VALUE, "", 253)}`)
    .join(",");
}

/** A duration such as 90s or 1h30m. @throws OpsError invalid_input */
export function checkDuration(duration: string): string {
  return check("since", duration, /^(?:[0-9]{1,6}(?:ms|s|m|h))+$/, "Such as 30s, 10m or 2h.", 20);
}
