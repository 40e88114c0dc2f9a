import { z } from "zod";
import type { SettingProblem } from "./problems.ts";
import type { Settings } from "./settings.ts";
import { didYouMean } from "./suggestion.ts";
import type { YamlFile } from "./yaml-file.ts";

/** Of one mapping no more strange keys are told; finding the place of each takes time in proportion to all. */
const MAX_KEYS = 20;

/** What zod found in a file, each with its line, unknown keys with the one that was probably meant. */
export function fileProblems(issues: readonly z.core.$ZodIssue[], file: YamlFile, schema: z.ZodType, scope: string): SettingProblem[] {
  return issues.flatMap(innermost).flatMap((issue) => {
    if (issue.code !== "unrecognized_keys")
      return [
        { setting: issue.path.join(".") || "file", from: file.where(issue.path), message: `${issue.message}.`.replace(/\.\.$/, ".") },
      ];
    const accepted = keysAt(schema, issue.path);
    return issue.keys.slice(0, MAX_KEYS).map((key) => ({
      setting: [...issue.path, key].join("."),
      from: file.where([...issue.path, key]),
      message: [`No such key.${didYouMean(key, accepted)}`, accepted.length > 0 ? `Accepted: ${accepted.join(", ")}.` : "", scope]
        .filter((part) => part !== "")
        .join(" "),
    }));
  });
}

/**
 * Where one of several forms is accepted (a list or a map), the faults of the form that was meant: the one that something
 * deeper is wrong with, not that it is another form altogether.
 */
export function innermost(issue: z.core.$ZodIssue): z.core.$ZodIssue[] {
  if (issue.code !== "invalid_union") return [issue];
  const meant = issue.errors.find((form) => form.some(({ code, path }) => code !== "invalid_type" || path.length > 0));
  if (meant === undefined) return [{ ...issue, message: "It has neither of the accepted forms" }];
  return meant.flatMap((each) => innermost({ ...each, path: [...issue.path, ...each.path] } as z.core.$ZodIssue));
}

/** The sections of a faulty file that can be read, so that what is wrong between them is reported at once too. */
export function readablePart(schema: z.ZodObject, value: unknown): unknown {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return {};
  const part = structuredClone(value) as Record<string, unknown>;
  for (let result = schema.safeParse(part); ; result = schema.safeParse(part)) {
    if (result.success) return result.data;
    const strange = result.error.issues.filter((issue) => issue.code === "unrecognized_keys");
    const before = JSON.stringify(part).length;
    if (strange.length === 0) for (const issue of result.error.issues) delete part[String(issue.path[0])];
    for (const issue of strange) {
      const at = issue.path.reduce<unknown>((branch, key) => (branch as Record<PropertyKey, unknown>)[key], part) as Record<
        string,
        unknown
      >;
      for (const key of issue.keys) delete at[key];
    }
    // Nothing is left that could be taken away.
    if (JSON.stringify(part).length === before) return {};
  }
}

function keysAt(schema: z.ZodType, path: readonly PropertyKey[]): string[] {
  let forms = formsOf(schema);
  for (const key of path) forms = forms.flatMap((form) => within(form, key)).flatMap(formsOf);
  return forms.flatMap((form) => (form instanceof z.ZodObject ? Object.keys(form.shape) : []));
}

/** The schemas of what stands under a key. */
function within(form: z.ZodType, key: PropertyKey): z.ZodType[] {
  if (form instanceof z.ZodObject) {
    const field = (form.shape as Record<string, z.ZodType>)[String(key)];
    return field === undefined ? [] : [field];
  }
  if (form instanceof z.ZodArray) return [form.element as z.ZodType];
  return form instanceof z.ZodRecord ? [form.valueType as z.ZodType] : [];
}

/** A schema without what makes it optional; of a union all its forms. */
function formsOf(schema: z.ZodType): z.ZodType[] {
  if (schema instanceof z.ZodOptional || schema instanceof z.ZodNullable) return formsOf(schema.unwrap() as z.ZodType);
  return schema instanceof z.ZodUnion ? (schema.options as z.ZodType[]).flatMap(formsOf) : [schema];
}

/** Settings that do not go together. */
export function togetherProblems({ temporal, remote }: Settings, origin: Readonly<Record<string, string>>): SettingProblem[] {
  const problems: SettingProblem[] = [];
  const from = (name: string): string => origin[name] ?? "default";
  if (remote.timeout_seconds > remote.max_timeout_seconds) {
    problems.push({
      setting: "remote.timeout_seconds",
      from: from("remote.timeout_seconds"),
      message: `It is ${remote.timeout_seconds}; remote.max_timeout_seconds allows at most ${remote.max_timeout_seconds}.`,
      example: String(remote.max_timeout_seconds),
    });
  }
  if (temporal.api_key !== undefined && temporal.tls?.enabled === false) {
    problems.push({
      setting: "temporal.tls.enabled",
      from: from("temporal.tls.enabled"),
      message: "With an API key it must not be false: the key would travel in plain text.",
      example: "true",
    });
  }
  const { client_cert_path: certificate, client_key_path: key } = temporal.tls ?? {};
  if ((certificate === undefined) !== (key === undefined)) {
    const [has, lacks] = certificate === undefined ? ["client_key_path", "client_cert_path"] : ["client_cert_path", "client_key_path"];
    problems.push({
      setting: `temporal.tls.${lacks}`,
      from: from(`temporal.tls.${has}`),
      message: `temporal.tls.${has} is set, so this one is needed too.`,
      example: "/etc/ssl/temporal-client.pem",
    });
  }
  return problems;
}
