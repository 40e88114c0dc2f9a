import type { SettingFacts } from "../setting-facts.ts";

// What the operator's file may hold, as plain data. A server reads its settings before a client has its list of tools: schemas
// of a library that builds classes for each cost that client more than the start of Node itself (docs/decisions/0031).

/** Only for types: what a value of a shape is. */
declare const meant: unique symbol;

/** What a value must be. `T` is its type once nothing is wrong with it. */
export type Shape<T = unknown> = Kind & Said & { readonly [meant]: T };
/** A shape whose value may be missing. */
export type Optional<T = unknown> = Shape<T> & { readonly isOptional: true };
/** The type of what a shape describes. */
export type TypeOf<S> = S extends { readonly [meant]: infer T } ? T : never;

interface Said {
  readonly isOptional?: true;
  readonly description?: string;
  readonly facts?: SettingFacts;
}

export type Kind = TextKind | ChoiceKind | NumberKind | TruthKind | ListKind | TableKind | MapKind | EitherKind;

/** A string. */
export interface TextKind {
  readonly kind: "text";
  /** Least and most characters. */
  readonly min?: number;
  readonly max?: number;
  readonly pattern?: RegExp;
  /** What is said of a text that the pattern does not match: "must be …". */
  readonly says?: string;
  /** Name of a JSON Schema format, for those who read the schema. */
  readonly format?: "uri";
  /** What is wrong with a text that all else accepts. */
  check?(text: string): string | undefined;
}

/** One of some words. */
export interface ChoiceKind {
  readonly kind: "choice";
  readonly words: readonly string[];
}

export interface NumberKind {
  readonly kind: "number";
  readonly min: number;
  readonly max: number;
  readonly isWhole: boolean;
}

/** `true` or `false`. */
export interface TruthKind {
  readonly kind: "truth";
}

export interface ListKind {
  readonly kind: "list";
  readonly of: Shape;
  /** Least and most entries. */
  readonly min?: number;
  readonly max?: number;
  /** What is wrong with a list whose entries are right. */
  check?(entries: readonly unknown[]): string | undefined;
}

/** Any keys of one shape, with values of another. */
export interface TableKind {
  readonly kind: "table";
  readonly keys: Shape<string>;
  readonly values: Shape;
  /** Whether a key may stand alone, without a value. */
  readonly isValueOptional: boolean;
  /** What is wrong with a table whose entries are right. */
  check?(table: Readonly<Record<string, unknown>>): string | undefined;
}

/** Known keys, each with its shape; no others. */
export interface MapKind {
  readonly kind: "map";
  readonly fields: Readonly<Record<string, Shape>>;
}

/** One of several shapes. */
export interface EitherKind {
  readonly kind: "either";
  readonly forms: readonly Shape[];
}

type Fields = Readonly<Record<string, Shape>>;
type Flat<T> = { [K in keyof T]: T[K] };
type MissingKeys<F extends Fields> = { [K in keyof F]: F[K] extends Optional ? K : never }[keyof F];
/** The type of a map with these fields. */
type MapOf<F extends Fields> = Flat<
  { -readonly [K in Exclude<keyof F, MissingKeys<F>>]: TypeOf<F[K]> } & { -readonly [K in MissingKeys<F>]?: TypeOf<F[K]> | undefined }
>;

/** The type lives in the compiler only. */
const shape = <T>(kind: Kind): Shape<T> => kind as Shape<T>;

/** Any string, within bounds. */
export function text(rules: Omit<TextKind, "kind"> = {}): Shape<string> {
  return shape({ kind: "text", ...rules });
}

/** A text that a pattern matches; `says` is what is said of one that it does not match. */
export function pattern(expression: RegExp, says: string, rules: Omit<TextKind, "kind" | "pattern" | "says"> = {}): Shape<string> {
  return shape({ kind: "text", pattern: expression, says, ...rules });
}

/** One of these words. */
export function choice<const W extends string>(words: readonly W[]): Shape<W> {
  return shape({ kind: "choice", words });
}

/** A number from `min` to `max`. */
export function number(min: number, max: number): Shape<number> {
  return shape({ kind: "number", min, max, isWhole: false });
}

/** A whole number from `min` to `max`. */
export function whole(min: number, max: number): Shape<number> {
  return shape({ kind: "number", min, max, isWhole: true });
}

/** `true` or `false`. */
export function truth(): Shape<boolean> {
  return shape({ kind: "truth" });
}

/** A list whose entries all have one shape. */
export function list<T>(of: Shape<T>, rules: Omit<ListKind, "kind" | "of"> = {}): Shape<T[]> {
  return shape({ kind: "list", of, ...rules });
}

/** Keys of one shape with values of another. */
export function table<T>(keys: Shape<string>, values: Shape<T>, check?: NonNullable<TableKind["check"]>): Shape<Record<string, T>> {
  return shape({ kind: "table", keys, values, isValueOptional: false, ...(check && { check }) });
}

/** A table whose keys may stand alone. */
export function tableOfSome<T>(
  keys: Shape<string>,
  values: Shape<T>,
  check?: NonNullable<TableKind["check"]>,
): Shape<Record<string, T | null>> {
  return shape({ kind: "table", keys, values, isValueOptional: true, ...(check && { check }) });
}

/** A map that knows these keys only; those that are not `optional` must be there. */
export function map<const F extends Fields>(fields: F): Shape<MapOf<F>> {
  return shape({ kind: "map", fields });
}

/** One form or the other; faults are those of the form that was meant. */
export function either<A, B>(one: Shape<A>, other: Shape<B>): Shape<A | B> {
  return shape({ kind: "either", forms: [one, other] });
}

/** What may be missing; `description` is for those who read the schema. */
export function optional<T>(of: Shape<T>, description?: string): Optional<T> {
  return { ...of, isOptional: true, ...(description === undefined ? {} : { description }) };
}

/** A setting that flags and environment know too: its meaning for people, and what is said of it besides. */
export function setting<T>(of: Shape<T>, description: string, facts: SettingFacts): Optional<T> {
  return { ...of, isOptional: true, description, facts };
}
