import { GO_VALUE, parseGoJson } from "./go-json.ts";

/**
 * Which parts of an object are asked for: key of the answer → path in the object. Nothing else leaves the cluster, so neither
 * the values of a HelmRelease, nor what `kubectl apply` keeps in an annotation, nor the data of a Secret.
 */
export type Projection = Readonly<Record<string, readonly string[]>>;

const IDENTIFIER = /^[A-Za-z][A-Za-z0-9]*$/;
const step = (name: string): string => (IDENTIFIER.test(name) ? `.${name}` : `index . ${JSON.stringify(name)}`);

/** In every object `metadata`, `spec` and `status` are maps. What lies deeper is a map in one kind and a text in another (`spec.chart`). */
const SURE = 2;
const IF_MAP = '{{if eq (printf "%.3T" .) "map"}}';

/** `with` passes over what is missing, and over false, 0 and empty; a step into what is no map would fail all that is printed. */
function field(key: string, path: readonly string[]): string {
  const steps = path.map((name, at) => `${at < SURE ? "" : IF_MAP}{{with ${step(name)}}}`);
  return `${steps.join("")},"${key}":${GO_VALUE}${"{{end}}".repeat(path.length + Math.max(0, path.length - SURE))}`;
}

/** The Go template for `kubectl get -o go-template=…`: one line of JSON for each object, be it one or a list. */
export function templateOf(projection: Projection): string {
  const fields = Object.entries(projection).map(([key, path]) => field(key, path));
  const object = `{{define "o"}}{"kind":{{printf "%#v" .kind}}${fields.join("")}}\n{{end}}`;
  return `${object}{{if .items}}{{range .items}}{{template "o" .}}{{end}}{{else}}{{template "o" .}}{{end}}`;
}

/** The lines of that template. An empty list prints itself as one object without a name, which is left out. */
export function parseRows(text: string): Record<string, unknown>[] {
  const rows: Record<string, unknown>[] = [];
  for (const line of text.split("\n")) {
    if (line.trim() === "") continue;
    const row = parseGoJson(line);
    if (typeof row === "object" && row !== null && !Array.isArray(row) && !isEmptyList(row as Record<string, unknown>)) {
      rows.push(row as Record<string, unknown>);
    }
  }
  return rows;
}

function isEmptyList(row: Record<string, unknown>): boolean {
  return typeof row["kind"] === "string" && row["kind"].endsWith("List") && Object.keys(row).every((key) => key === "kind");
}

/** The same selection from an object that is at hand as JSON. */
export function project(object: unknown, projection: Projection): Record<string, unknown> {
  const row: Record<string, unknown> = { kind: (object as { kind?: unknown }).kind };
  for (const [key, path] of Object.entries(projection)) {
    let value: unknown = object;
    for (const name of path) value = typeof value === "object" && value !== null ? (value as Record<string, unknown>)[name] : undefined;
    if (value) row[key] = value;
  }
  return row;
}
