import { canonicalJson } from "./canonical-json.ts";
import type { FunctionTable } from "./function-table.ts";
import { currentTime, spend } from "./meter.ts";
import { toJson } from "./values.ts";

type Fields = ReadonlyMap<unknown, unknown> | Readonly<Record<string, unknown>>;

const entriesOf = (map: Fields): [unknown, unknown][] => (map instanceof Map ? [...map] : Object.entries(map));

/** -1, 0 or 1: numbers by value, texts by UTF-16 unit, false before true. */
function compare(left: unknown, right: unknown): number {
  const [a, b] = [left, right] as [number, number];
  const numeric = (value: unknown): boolean => typeof value === "number" || typeof value === "bigint";
  if (typeof left !== typeof right && !(numeric(left) && numeric(right))) throw new Error("the items are not all of one type");
  if (!numeric(left) && typeof left !== "string" && typeof left !== "boolean")
    throw new Error("only numbers, texts and booleans have an order");
  return a < b ? -1 : a > b ? 1 : 0;
}

function sort(list: readonly unknown[]): unknown[] {
  spend(list.length * Math.ceil(Math.log2(list.length + 2)));
  return list.toSorted(compare);
}

/** Items that are the same JSON are one; the first of them stays. */
function unique(list: readonly unknown[]): unknown[] {
  const seen = new Set<string>();
  return list.filter((item) => {
    const key = canonicalJson(toJson(item));
    spend(1 + key.length / 64);
    return seen.has(key) ? false : seen.add(key);
  });
}

function extreme(list: readonly unknown[], sign: number): unknown {
  spend(list.length);
  if (list.length === 0) throw new Error("the list is empty");
  return list.reduce((best, item) => (compare(item, best) * sign > 0 ? item : best));
}

function sum(list: readonly unknown[]): number | bigint {
  spend(list.length);
  if (list.every((item) => typeof item === "bigint")) return list.reduce((total: bigint, item) => total + item, 0n);
  return list.reduce((total: number, item) => {
    if (typeof item !== "number" && typeof item !== "bigint") throw new Error("only numbers have a sum");
    return total + Number(item);
  }, 0);
}

function flatten(list: readonly unknown[]): unknown[] {
  spend(list.length);
  return list.flatMap((item) => {
    if (Array.isArray(item)) spend(item.length);
    return item as unknown[];
  });
}

function mergeMaps(left: Fields, right: Fields): Map<unknown, unknown> {
  const entries = [...entriesOf(left), ...entriesOf(right)];
  spend(entries.length);
  return new Map(entries);
}

function count(last: bigint): bigint[] {
  if (last < 0n || last > 1_000n) throw new Error("a range has 0 to 1000 numbers");
  return Array.from({ length: Number(last) }, (_, index) => BigInt(index));
}

const whole = (value: unknown, how: (value: number) => number): bigint => {
  if (typeof value === "bigint") return value;
  const number = how(Number(value));
  if (typeof value !== "number" || !Number.isSafeInteger(number)) throw new Error("only numbers can be rounded");
  return BigInt(number);
};

function now(): Date {
  const time = currentTime();
  if (time === undefined) throw new Error("the time is not known here");
  return new Date(time);
}

/** Functions over lists, maps, numbers and time. */
export const LIST_FUNCTIONS: FunctionTable = {
  "sort(list): list<dyn>": [sort, "The list in order; its items are all numbers or all texts."],
  "unique(list): list<dyn>": [unique, "The list without repetitions."],
  "reverse(list): list<dyn>": [(list: readonly unknown[]) => list.toReversed(), "The list from its end."],
  "flatten(list): list<dyn>": [flatten, "Lists in the list are taken apart, one level."],
  "slice(list, int, int): list<dyn>": [
    (list: readonly unknown[], from: bigint, to: bigint) => list.slice(Number(from), Number(to)),
    "Items from a place up to before another.",
  ],
  "first(list): dyn": [(list: readonly unknown[]) => list[0] ?? null, "The first item, or null."],
  "last(list): dyn": [(list: readonly unknown[]) => list.at(-1) ?? null, "The last item, or null."],
  "min(list): dyn": [(list: readonly unknown[]) => extreme(list, -1), "The least item."],
  "max(list): dyn": [(list: readonly unknown[]) => extreme(list, 1), "The greatest item."],
  "min(dyn, dyn): dyn": [(left: unknown, right: unknown) => extreme([left, right], -1), "The lesser of two."],
  "max(dyn, dyn): dyn": [(left: unknown, right: unknown) => extreme([left, right], 1), "The greater of two."],
  "sum(list): dyn": [sum, "The sum of a list of numbers."],
  "range(int): list<int>": [count, "0, 1, 2, … up to before the number; at most 1000."],
  "keys(map): list<dyn>": [(map: Fields) => entriesOf(map).map(([key]) => key), "Keys of the map."],
  "values(map): list<dyn>": [(map: Fields) => entriesOf(map).map(([, value]) => value), "Values of the map."],
  "merge(map, map): map<string, dyn>": [mergeMaps, "Fields of both; the second's win."],
  "round(dyn): int": [(value: unknown) => whole(value, Math.round), "The nearest whole number."],
  "floor(dyn): int": [(value: unknown) => whole(value, Math.floor), "The whole number below."],
  "ceil(dyn): int": [(value: unknown) => whole(value, Math.ceil), "The whole number above."],
  "abs(dyn): dyn": [(value: unknown) => (compare(value, 0) < 0 ? -(value as number) : value), "Without its sign."],
  "now(): google.protobuf.Timestamp": [now, "The time of the run; the same each time the run is replayed."],
  "iso(google.protobuf.Timestamp): string": [(time: Date) => time.toISOString(), "The time as text (RFC 3339)."],
  "epoch_ms(google.protobuf.Timestamp): double": [(time: Date) => time.getTime(), "Milliseconds since 1970."],
};
