import { KINDS, memberPath, type InputMapping, type Kind } from "./infra-config.ts";
import { CONFIG_KEYS, INPUT_KEYS, MAX_WORKSPACES, WORKSPACE_KEYS, type InfraDraft, type WorkspaceDraft } from "./infra-draft.ts";
import { IDENTIFIER, IDENTIFIER_RULE, TASK_QUEUE, TASK_QUEUE_RULE, WORKSPACE_NAME, WORKSPACE_NAME_RULE } from "./names.ts";
import { nearestName } from "./nearest-name.ts";
import { isOperation, operationFaults } from "./operations.ts";
import { printable } from "./printable.ts";
import type { ProblemList } from "./problem-list.ts";
import { kindOfValue } from "./problem-list.ts";

type Mapping = Record<string, unknown>;

const MAX_ITEMS = 1000;
const MAX_VARIABLE_DEPTH = 30;

/**
 * Data of a file or of an inline configuration → draft. Checks everything that needs neither the other workspaces nor
 * the disk: types, unknown keys, names, operations. Problems are collected in `list`; the draft holds what was sound.
 * With `dirOptional`, a workspace may lack `dir` (its definition is then looked up elsewhere).
 */
export function checkDraft(value: unknown, list: ProblemList, options: { dirOptional?: boolean } = {}): InfraDraft {
  const draft: InfraDraft = { workspace_root: "", workspaces: [] };
  if (value !== null && value !== undefined && !isMapping(value)) {
    list.add(`the configuration must be a mapping with 'workspaces', not ${kindOfValue(value)}`, "", { topic: "shape" });
    return draft;
  }
  const config: Mapping = value ?? {};
  refuseUnknownKeys(config, CONFIG_KEYS, "", "in the configuration", list);
  draft.workspace_root = readPath(config, "workspace_root", "", list) ?? "";
  const workspaces = config["workspaces"] ?? [];
  if (!Array.isArray(workspaces)) {
    list.add(`workspaces must be a list, not ${kindOfValue(workspaces)}`, "workspaces", { topic: "shape" });
    return draft;
  }
  if (workspaces.length === 0) list.add("no workspaces defined", "workspaces");
  if (workspaces.length > MAX_WORKSPACES) list.add(`more than ${MAX_WORKSPACES} workspaces`, "workspaces");
  const names = new Set<string>();
  workspaces.slice(0, MAX_WORKSPACES).forEach((item: unknown, index) => {
    const workspace = checkWorkspace(item, memberPath("workspaces", index), list, options.dirOptional === true);
    if (workspace === undefined) return;
    if (names.has(workspace.name)) list.add(`duplicate workspace name: ${workspace.name}`, memberPath(workspace.path, "name"));
    else draft.workspaces.push(workspace);
    names.add(workspace.name);
  });
  return draft;
}

function checkWorkspace(item: unknown, path: string, list: ProblemList, dirOptional: boolean): WorkspaceDraft | undefined {
  if (!isMapping(item)) {
    list.add(`a workspace must be a mapping, not ${kindOfValue(item)}`, path, { topic: "shape" });
    return undefined;
  }
  const name = readName(item, path, list);
  const label = name ?? path;
  refuseUnknownKeys(item, WORKSPACE_KEYS, path, `in workspace ${label}`, list);
  const kind = readKind(item, path, label, list);
  const dir = readPath(item, "dir", path, list);
  if (dir === undefined && !dirOptional && (item["dir"] ?? "") === "") list.add(`workspace ${label} missing dir`, memberPath(path, "dir"));
  const tfvars = readPath(item, "tfvars", path, list);
  const taskQueue = readText(item, "taskQueue", path, list);
  if (taskQueue !== undefined && taskQueue !== "" && !TASK_QUEUE.test(taskQueue))
    list.add(`workspace ${label}: taskQueue must be ${TASK_QUEUE_RULE}`, memberPath(path, "taskQueue"));
  const extraVars = readExtraVars(item, path, label, list);
  const operations = readTexts(item, "operations", path, list);
  for (const fault of operationFaults(operations, kind)) {
    const unknown = /^unknown operation '(.*)' for/.exec(fault)?.[1];
    list.add(`workspace ${label}: ${fault}`, memberPath(path, "operations"), {
      suggestion: unknown === undefined ? undefined : nearestName(unknown, ["init", "validate", "plan", "apply"]),
    });
  }
  const draft: WorkspaceDraft = {
    name: name ?? "",
    kind,
    ...(dir === undefined ? {} : { dir }),
    ...(tfvars === undefined ? {} : { tfvars }),
    dependsOn: [...new Set(readTexts(item, "dependsOn", path, list))],
    inputs: readInputs(item, path, label, list),
    operations: operations.length === 0 ? ["init", "validate", "plan", "apply"] : operations.filter(isOperation),
    ...(taskQueue === undefined || taskQueue === "" ? {} : { taskQueue }),
    ...(extraVars === undefined ? {} : { extraVars }),
    path,
    given: new Set(Object.keys(item).filter((key) => key !== "name" && item[key] !== null && item[key] !== undefined)),
  };
  return name === undefined ? undefined : draft;
}

function readName(item: Mapping, path: string, list: ProblemList): string | undefined {
  const where = memberPath(path, "name");
  const value = item["name"];
  if (typeof value === "number" || typeof value === "boolean") {
    list.add("workspace name must be text; put it in quotes", where, { topic: "shape", suggestion: `"${value}"` });
    return undefined;
  }
  if (value !== undefined && value !== null && typeof value !== "string") {
    list.add(`workspace name must be text, not ${kindOfValue(value)}`, where, { topic: "shape" });
    return undefined;
  }
  if (value === undefined || value === null || value.trim() === "") {
    list.add("workspace name cannot be empty", where);
    return undefined;
  }
  if (!WORKSPACE_NAME.test(value)) {
    list.add(`workspace name '${printable(value)}' is not accepted: ${WORKSPACE_NAME_RULE}`, where);
    return undefined;
  }
  return value;
}

function readKind(item: Mapping, path: string, label: string, list: ProblemList): Kind {
  const value = item["kind"] ?? "";
  if (value === "") return "terraform";
  if ((KINDS as readonly unknown[]).includes(value)) return value as Kind;
  const written = typeof value === "string" ? printable(value) : kindOfValue(value);
  const suggestion = typeof value === "string" ? (/^open-?tofu$/i.test(value) ? "tofu" : nearestName(value, KINDS)) : undefined;
  list.add(`unsupported kind ${written} for workspace ${label}`, memberPath(path, "kind"), { suggestion });
  return "terraform";
}

function readInputs(item: Mapping, path: string, label: string, list: ProblemList): InputMapping[] {
  const where = memberPath(path, "inputs");
  const targets = new Set<string>();
  return readList(item, "inputs", path, list).flatMap((input, index) => {
    const at = memberPath(where, index);
    if (!isMapping(input)) {
      list.add(`an input mapping must have ${INPUT_KEYS.join(", ")}, and is ${kindOfValue(input)}`, at, { topic: "shape" });
      return [];
    }
    refuseUnknownKeys(input, INPUT_KEYS, at, `in an input mapping of workspace ${label}`, list);
    const [sourceWorkspace, sourceOutput, targetVar] = INPUT_KEYS.map((key) => {
      const text = readText(input, key, at, list);
      if ((text ?? "").trim() !== "") return text!;
      if (typeof (input[key] ?? "") === "string") list.add(`workspace ${label}: input mapping ${key} cannot be empty`, memberPath(at, key));
      return "";
    }) as [string, string, string];
    for (const [key, text] of [
      ["sourceOutput", sourceOutput],
      ["targetVar", targetVar],
    ] as const) {
      if (text.trim() !== "" && !IDENTIFIER.test(text))
        list.add(
          `workspace ${label}: input mapping ${key} '${printable(text)}' is no terraform name (${IDENTIFIER_RULE})`,
          memberPath(at, key),
        );
    }
    if (targetVar !== "" && targets.has(targetVar))
      list.add(`workspace ${label}: two input mappings set the variable '${printable(targetVar)}'`, memberPath(at, "targetVar"));
    targets.add(targetVar);
    return sourceWorkspace.trim() === "" ? [] : [{ sourceWorkspace, sourceOutput, targetVar }];
  });
}

function readExtraVars(item: Mapping, path: string, label: string, list: ProblemList): Mapping | undefined {
  const value = item["extraVars"];
  const where = memberPath(path, "extraVars");
  if (value === undefined || value === null) return undefined;
  if (!isMapping(value)) {
    list.add(`extraVars must be a mapping of variables, not ${kindOfValue(value)}`, where, { topic: "shape" });
    return undefined;
  }
  for (const [key, variable] of Object.entries(value)) {
    if (!IDENTIFIER.test(key))
      list.add(`workspace ${label}: extraVars '${printable(key)}' is no terraform name (${IDENTIFIER_RULE})`, memberPath(where, key), {
        at: "key",
      });
    const fault = jsonFault(variable, 0);
    if (fault !== undefined)
      list.add(`workspace ${label}: extraVars '${printable(key)}' holds ${fault}`, memberPath(where, key), { topic: "shape" });
  }
  // A copy: the parsed text may be kept for the next call.
  return structuredClone(value);
}

/** What in a value is not JSON that we can hand on exactly, or undefined. */
function jsonFault(value: unknown, depth: number): string | undefined {
  if (depth > MAX_VARIABLE_DEPTH) return `more than ${MAX_VARIABLE_DEPTH} levels`;
  if (typeof value === "number" && (!Number.isFinite(value) || (Number.isInteger(value) && !Number.isSafeInteger(value))))
    return "a number that cannot be kept exactly; write it as text";
  if (value === null || ["string", "number", "boolean"].includes(typeof value)) return undefined;
  if (!Array.isArray(value) && !isMapping(value)) return "a value that JSON does not have";
  if (Object.hasOwn(value, "__proto__")) return "the key '__proto__'";
  for (const part of Object.values(value)) {
    const fault = jsonFault(part, depth + 1);
    if (fault !== undefined) return fault;
  }
  return undefined;
}

function refuseUnknownKeys(item: Mapping, accepted: readonly string[], path: string, where: string, list: ProblemList): void {
  for (const key of Object.keys(item)) {
    if (accepted.includes(key)) continue;
    list.add(`unknown key '${printable(key)}' ${where}; accepted: ${accepted.join(", ")}`, memberPath(path, key), {
      at: "key",
      nearest: { written: key, accepted },
    });
  }
}

/** Text at a key; undefined where it is absent or null, or of another type (then reported). */
function readText(item: Mapping, key: string, path: string, list: ProblemList): string | undefined {
  const value = item[key];
  if (value === undefined || value === null) return undefined;
  if (typeof value === "string") return value;
  list.add(`${key} must be text, not ${kindOfValue(value)}`, memberPath(path, key), { topic: "shape" });
  return undefined;
}

/** A path at a key; undefined where it is absent, null or empty. Control characters are refused. */
function readPath(item: Mapping, key: string, path: string, list: ProblemList): string | undefined {
  const text = readText(item, key, path, list);
  if (text === undefined || text.trim() === "") return undefined;
  if (!/\p{Cc}/u.test(text) && text.length <= 4096) return text;
  list.add(`${key} holds a control character or is longer than 4096 characters`, memberPath(path, key));
  return undefined;
}

function readList(item: Mapping, key: string, path: string, list: ProblemList): unknown[] {
  const value = item[key];
  if (value === undefined || value === null) return [];
  if (Array.isArray(value) && value.length <= MAX_ITEMS) return value;
  const suggestion = typeof value === "string" ? `[${value}]` : undefined;
  list.add(
    Array.isArray(value) ? `${key} has more than ${MAX_ITEMS} items` : `${key} must be a list, not ${kindOfValue(value)}`,
    memberPath(path, key),
    { topic: "shape", suggestion },
  );
  return [];
}

function readTexts(item: Mapping, key: string, path: string, list: ProblemList): string[] {
  return readList(item, key, path, list).flatMap((text, index) => {
    if (typeof text === "string") return [text];
    list.add(`${key} must be a list of text, and holds ${kindOfValue(text)}`, memberPath(memberPath(path, key), index), { topic: "shape" });
    return [];
  });
}

function isMapping(value: unknown): value is Mapping {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
