import type { SettingProblem } from "./problems.ts";
import type { Settings } from "./settings.ts";
import { type Fault, faultsOf } from "./shape/faults.ts";
import type { Shape } from "./shape/shape.ts";
import { didYouMean } from "./suggestion.ts";
import type { YamlFile } from "./yaml-file.ts";

/** Of one mapping no more strange keys are told; finding the place of each takes time in proportion to all. */
const MAX_KEYS = 20;

/** The faults of a file, each with its line, unknown keys with the one that was probably meant. */
export function fileProblems(faults: readonly Fault[], file: YamlFile, scope: string): SettingProblem[] {
  return faults.flatMap(({ path, message, strange }) => {
    if (strange === undefined) return [{ setting: path.join(".") || "file", from: file.where(path), message: `${message}.` }];
    const { keys, accepted } = strange;
    return keys.slice(0, MAX_KEYS).map((key) => ({
      setting: [...path, key].join("."),
      from: file.where([...path, key]),
      message: [`No such key.${didYouMean(key, accepted)}`, accepted.length > 0 ? `Accepted: ${accepted.join(", ")}.` : "", scope]
        .filter((part) => part !== "")
        .join(" "),
    }));
  });
}

/** The sections of a faulty file that can be read, so that what is wrong between them is reported at once too. */
export function readablePart(shape: Shape, value: unknown): unknown {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return {};
  const part = structuredClone(value) as Record<string, unknown>;
  for (const { path, strange } of faultsOf(shape, part)) {
    const at = path.reduce<unknown>((branch, key) => (branch as Record<PropertyKey, unknown>)?.[key], part);
    for (const key of strange?.keys ?? []) delete (at as Record<string, unknown>)[key];
  }
  for (const { path } of faultsOf(shape, part)) delete part[String(path[0])];
  return part;
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
