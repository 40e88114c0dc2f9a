import type { MapKind, NumberKind, Shape, TextKind } from "./shape.ts";

/** One thing that is wrong with a value. */
export interface Fault {
  /** Where in the value. */
  readonly path: readonly PropertyKey[];
  /** What must be, in words that hold nothing of the value. */
  readonly message: string;
  /** Of a map: the keys that it does not know, and those that it does. */
  readonly strange?: { readonly keys: readonly string[]; readonly accepted: readonly string[] };
  /** The value is of another kind altogether. */
  readonly isOfOtherKind?: true;
}

type Path = readonly PropertyKey[];

const NOUNS = {
  text: "text",
  number: "a number",
  truth: "true or false",
  list: "a list",
  table: "a map",
  map: "a map",
} as const;

/** All that is wrong with a value: in the order of the shape, of each map the unknown keys last. None: it has its shape's type. */
export function faultsOf(shape: Shape, value: unknown, path: Path = []): Fault[] {
  if (value === undefined && shape.isOptional) return [];
  if (shape.kind === "either") return faultsOfForms(shape.forms, value, path);
  if (shape.kind === "choice") {
    const isOne = typeof value === "string" && shape.words.includes(value);
    return isOne ? [] : [{ path, message: `must be ${oneOf(shape.words)}`, ...(typeof value !== "string" && { isOfOtherKind: true }) }];
  }
  if (!isOfKind(shape.kind, value)) return [otherKind(NOUNS[shape.kind], value, path)];
  switch (shape.kind) {
    case "text":
      return said(textFault(shape, value as string), path);
    case "number":
      return said(numberFault(shape, value as number), path);
    case "truth":
      return [];
    case "list": {
      const entries = value as readonly unknown[];
      const many = countFault(shape, entries.length);
      if (many !== undefined) return said(many, path);
      const found = entries.flatMap((entry, index) => faultsOf(shape.of, entry, [...path, index]));
      return found.length > 0 ? found : said(shape.check?.(entries), path);
    }
    case "table": {
      const entries = Object.entries(value as Record<string, unknown>);
      const found = entries.flatMap(([key, entry]) => {
        const wrongKey = faultsOf(shape.keys, key, [...path, key]).map((fault) => ({ ...fault, message: `as a key ${fault.message}` }));
        return [...wrongKey, ...(entry === null && shape.isValueOptional ? [] : faultsOf(shape.values, entry, [...path, key]))];
      });
      return found.length > 0 ? found : said(shape.check?.(value as Record<string, unknown>), path);
    }
    case "map":
      return faultsOfMap(shape, value as Record<string, unknown>, path);
  }
}

function faultsOfMap({ fields }: MapKind, value: Readonly<Record<string, unknown>>, path: Path): Fault[] {
  const found = Object.entries(fields).flatMap(([key, field]) =>
    faultsOf(field, Object.hasOwn(value, key) ? value[key] : undefined, [...path, key]),
  );
  const keys = Object.keys(value).filter((key) => !Object.hasOwn(fields, key));
  return keys.length === 0
    ? found
    : [...found, { path, message: "has keys that are not known", strange: { keys, accepted: Object.keys(fields) } }];
}

/**
 * Where one of several forms is accepted (a list or a map), the faults of the form that was meant: the one that something
 * deeper is wrong with, not that it is another form altogether.
 */
function faultsOfForms(forms: readonly Shape[], value: unknown, path: Path): Fault[] {
  const tried = forms.map((form) => faultsOf(form, value, path));
  if (tried.some((found) => found.length === 0)) return [];
  const isAtRoot = ({ isOfOtherKind, path: at }: Fault): boolean => isOfOtherKind === true && at.length === path.length;
  return tried.find((found) => !found.every(isAtRoot)) ?? [{ path, message: "has neither of the accepted forms", isOfOtherKind: true }];
}

function isOfKind(kind: keyof typeof NOUNS, value: unknown): boolean {
  switch (kind) {
    case "text":
      return typeof value === "string";
    case "number":
      return typeof value === "number" && Number.isFinite(value);
    case "truth":
      return typeof value === "boolean";
    case "list":
      return Array.isArray(value);
    default:
      return typeof value === "object" && value !== null && !Array.isArray(value);
  }
}

function textFault({ min = 0, max = Number.POSITIVE_INFINITY, pattern, says, check }: TextKind, value: string): string | undefined {
  if (value.length < min) return min === 1 ? "must not be empty" : `must have at least ${min} characters`;
  if (value.length > max) return `must have at most ${max} characters`;
  return pattern?.test(value) === false ? says : check?.(value);
}

function numberFault({ min, max, isWhole }: NumberKind, value: number): string | undefined {
  const isRight = value >= min && value <= max && (!isWhole || Number.isSafeInteger(value));
  return isRight ? undefined : `must be a ${isWhole ? "whole " : ""}number from ${min} to ${max}`;
}

function countFault(
  { min = 0, max = Number.POSITIVE_INFINITY }: { readonly min?: number; readonly max?: number },
  count: number,
): string | undefined {
  if (count < min) return min === 1 ? "must not be empty" : `must have at least ${min} entries`;
  return count > max ? `must have at most ${max} entries` : undefined;
}

function otherKind(noun: string, value: unknown, path: Path): Fault {
  const is =
    value === undefined
      ? "missing"
      : value === null
        ? "empty"
        : Array.isArray(value)
          ? "a list"
          : isEndless(value)
            ? "not finite"
            : KINDS[typeof value];
  return { path, message: `must be ${noun}; it is ${is ?? "something else"}`, isOfOtherKind: true };
}

const KINDS: Readonly<Record<string, string>> = { string: "text", number: "a number", boolean: "true or false", object: "a map" };

const isEndless = (value: unknown): boolean => typeof value === "number" && !Number.isFinite(value);

const oneOf = (words: readonly string[]): string =>
  words.length === 1 ? words[0]! : `${words.slice(0, -1).join(", ")} or ${words.at(-1)}`;

const said = (message: string | undefined, path: Path): Fault[] => (message === undefined ? [] : [{ path, message }]);
