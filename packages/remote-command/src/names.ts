import { OpsError } from "@platform-ops/errors";
import type { Target } from "./target.ts";

/** A kind of name with its real grammar. None of them can begin with `-`, so none can become an option. */
export interface Grammar {
  readonly pattern: RegExp;
  readonly longest: number;
  /** What is accepted, in a few words, for the refusal. */
  readonly accepts: string;
}

const LABEL = "[a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?";
const SUBDOMAIN = `${LABEL}(?:\\.${LABEL})*`;
const LABEL_NAME = "[A-Za-z0-9](?:[-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?";
const LABEL_KEY = `(?:${SUBDOMAIN}/)?${LABEL_NAME}`;
const LABEL_VALUE = `(?:${LABEL_NAME})?`;
const REQUIREMENT = `!?${LABEL_KEY}|${LABEL_KEY} *(?:==|=|!=) *${LABEL_VALUE}|${LABEL_KEY} +(?:not)?in +\\( *${LABEL_VALUE}(?: *, *${LABEL_VALUE})* *\\)`;
const UNIT_KINDS = "service|socket|timer|target|mount|automount|swap|path|slice|scope|device";

const grammar = (pattern: string, longest: number, accepts: string): Grammar => ({
  pattern: new RegExp(`^(?:${pattern})$`),
  longest,
  accepts,
});

/** Every kind of name that ends up in a command, with the grammar of the program or system that owns it. */
export const GRAMMARS = {
  /** A name that the operator gave. */
  cluster: grammar("[A-Za-z0-9][A-Za-z0-9._-]*", 63, "letters, digits, `.`, `_` and `-`"),
  /** Teleport's rule for hostnames, which UUIDs and addresses of version 4 also obey. `=` would select machines by label, `:` name a port. */
  node: grammar("[A-Za-z0-9][A-Za-z0-9.-]*", 256, "a hostname or UUID: letters, digits, `.` and `-`"),
  /** useradd's rule, with capitals and dots as directories have them. */
  login: grammar("[A-Za-z_][A-Za-z0-9_.-]*\\$?", 64, "a login: letters, digits, `_`, `-` and `.`, beginning with a letter or `_`"),
  /** RFC 1123 label. */
  namespace: grammar(LABEL, 63, "lower-case letters, digits and `-`, at most 63"),
  /** RFC 1123 subdomain: pods, deployments, Flux objects. */
  object: grammar(SUBDOMAIN, 253, "lower-case letters, digits, `-` and `.`, at most 253"),
  /** A path segment, as roles have it. */
  rbac_name: grammar("(?!\\.{1,2}$)[A-Za-z0-9_:.@][^/%\\s\\u0000-\\u001f\\u007f]*", 253, "no `/`, `%` or blank, not beginning with `-`"),
  /** A resource, with its group where one is given: `pods`, `kustomizations.kustomize.toolkit.fluxcd.io`. */
  resource: grammar("[a-z][a-z0-9-]*(?:\\.[a-z0-9-]+)*", 253, "a resource such as `pods` or `helmreleases.helm.toolkit.fluxcd.io`"),
  label_key: grammar(LABEL_KEY, 317, "[prefix/]name of a label"),
  label_value: grammar(LABEL_VALUE, 63, "at most 63 letters, digits, `-`, `_` and `.`"),
  label_selector: grammar(`(?:${REQUIREMENT})(?: *, *(?:${REQUIREMENT}))*`, 1_000, "a label selector such as `app=web,tier in (a,b)`"),
  /** systemd.unit(5). */
  unit: grammar(
    `[A-Za-z0-9:_\\\\@][A-Za-z0-9:_.\\\\@-]*\\.(?:${UNIT_KINDS})`,
    255,
    "a systemd unit with its suffix, such as `ssh.service`",
  ),
  helm_release: grammar(SUBDOMAIN, 53, "lower-case letters, digits, `-` and `.`, at most 53"),
  /** Go's time.ParseDuration, without signs and fractions. */
  duration: grammar("(?:[0-9]+(?:ms|s|m|h))+", 32, "a duration such as `90s` or `1h30m`"),
  /** An absolute path without a `..` segment. */
  path: grammar("(?!(?:.*/)?\\.\\.(?:/|$))/[^\\u0000]*", 4_096, "an absolute path without `..`"),
  /** A program by name or absolute path; `=` would make it an assignment for sudo and env. */
  program: grammar("(?!(?:.*/)?\\.\\.(?:/|$))(?:\\./)?[A-Za-z0-9_/][A-Za-z0-9_./+@%,:-]*", 4_096, "a program's name or path"),
  variable: grammar("[A-Za-z_][A-Za-z0-9_]*", 256, "the name of an environment variable"),
} as const satisfies Record<string, Grammar>;

export type NameKind = keyof typeof GRAMMARS;

/** Whether a text is a name of that kind. */
export function isName(kind: NameKind, value: string): boolean {
  const { pattern, longest } = GRAMMARS[kind];
  return value.length <= longest && pattern.test(value);
}

/**
 * Gives the name back.
 *
 * @throws OpsError invalid_input that names the argument and what is accepted; never repeats what was given
 */
export function checkName(kind: NameKind, value: string, argument: string): string {
  if (isName(kind, value)) return value;
  throw new OpsError("invalid_input", `${argument} is not a valid ${kind.replaceAll("_", " ")}.`, {
    hint: `Accepted: ${GRAMMARS[kind].accepts}.`,
    details: { argument },
  });
}

/** Some directories write accounts as name@domain; such a login counts only where the operator's file has it. */
const DIRECTORY_LOGIN = /^[A-Za-z_][A-Za-z0-9_.-]{0,63}@[A-Za-z0-9][A-Za-z0-9.-]{0,255}$/;

/**
 * Gives the target back when all its names are names.
 *
 * @param known logins that the operator's file names
 * @throws OpsError invalid_input naming the first that is not
 */
export function checkTarget(target: Target, known: ReadonlySet<string> = new Set()): Target {
  checkName("cluster", target.cluster, "cluster");
  checkName("node", target.node, "node");
  if (!(known.has(target.user) && DIRECTORY_LOGIN.test(target.user))) checkName("login", target.user, "user");
  return target;
}
