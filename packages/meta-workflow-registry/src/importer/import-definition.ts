import { stringify } from "yaml";
import type { Definition } from "../definition/definition.ts";
import { parseDefinition } from "../definition/parse-definition.ts";
import type { Problem } from "../problem.ts";
import { readForeignYaml } from "./foreign-yaml.ts";
import { Importing } from "./importing.ts";
import { fromProseForm, isProseForm } from "./prose-form.ts";
import { isMap } from "./server-inputs.ts";
import { fromServerForm, type ImportOptions } from "./server-form.ts";

/** What an import gives: a definition where no problem is an error, its text in our form, and what was changed. */
export interface Imported {
  readonly definition?: Definition;
  /** `workflow.yaml`, to keep. */
  readonly yaml?: string;
  readonly problems: readonly Problem[];
  /** `line 7: …`, in the order of the text. */
  readonly changes: readonly string[];
}

/**
 * Reads a definition in the forms of other workflow servers: typed steps with Jinja templates, or prose with tools and actions.
 * Variables of the environment are read from `environment` only. A definition in our own form is read as it is.
 */
export function importDefinition(text: string, options: ImportOptions): Imported {
  const yaml = readForeignYaml(text);
  if ("unread" in yaml) {
    return { problems: yaml.unread.map((one) => ({ code: "YAML_PARSE_ERROR", severity: "error", path: "$", ...one })), changes: [] };
  }
  const importing = new Importing((path) => yaml.place(path));
  for (const path of yaml.clashes) importing.told([...path, "type"], "the second `type` of a prompt is `prompt_type` here.");
  const top = yaml.value;
  if (isMap(top) && (top["schema"] === "meta-workflow/v1" || (top["id"] !== undefined && top["workflow"] === undefined))) {
    return { ...parseDefinition(text), yaml: text, changes: [] };
  }
  if (!isMap(top)) {
    importing.error("UNKNOWN_FORM", [], "A definition must be a map with `name` and `steps`, or with `workflow` and `steps`.");
    return { problems: importing.problems, changes: [] };
  }
  if (isProseForm(top)) return finished(fromProseForm(top, importing), new Map(), importing);
  if (top["name"] === undefined && top["steps"] === undefined) {
    importing.error("UNKNOWN_FORM", [], "This is none of the forms that are read: there is neither `name` and `steps`, nor `workflow`.");
    return { problems: importing.problems, changes: [] };
  }
  const { document, read } = fromServerForm(top, options, importing);
  return finished(document, read, importing);
}

/** A document in our form → its text and the definition, checked as any other. */
export function finished(document: Record<string, unknown>, read: ReadonlyMap<string, string>, importing: Importing): Imported {
  if (importing.failed) return { problems: importing.problems, changes: importing.changes };
  const yaml = stringify(document, { lineWidth: 0, aliasDuplicateObjects: false });
  const { definition, problems } = parseDefinition(yaml);
  // Places are those of the written text: the nearest that there is.
  const placed = problems.map((problem): Problem => ({ ...problem, ...importing.place(pathOf(problem.path ?? "$")) }));
  const all = [...importing.problems, ...placed];
  if (definition === undefined) return { problems: all, changes: importing.changes };
  return { definition: { ...definition, env: Object.fromEntries(read) }, yaml, problems: all, changes: importing.changes };
}

/** `$.steps[2].if` → its parts. */
function pathOf(path: string): (string | number)[] {
  return [...path.matchAll(/\.([A-Za-z_][\w-]*)|\[(\d+)\]|\["((?:[^"\\]|\\.)*)"\]/g)].map(([, name, index, quoted]) =>
    index === undefined ? (name ?? quoted ?? "") : Number(index),
  );
}
