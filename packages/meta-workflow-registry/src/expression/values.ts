import { Optional } from "@marcbachmann/cel-js";
import type { Json } from "../definition/definition.ts";
import { Duration, UnsignedInt } from "./cel-classes.ts";
import { MAX_ITEMS, MAX_VALUE_DEPTH } from "./limits.ts";

// The border between JSON and the expression language. Objects go in as Maps: a Map has no prototype fields that a key could
// reach or shadow, so that `__proto__` and `constructor` are keys like others.

export class ValueError extends Error {}

/** JSON → what an expression sees: objects become Maps, all else stays. @throws ValueError for what JSON cannot hold. */
export function toExpressionValue(value: unknown, depth = 0): unknown {
  if (value === null || typeof value === "string" || typeof value === "boolean" || typeof value === "number") return value;
  if (depth > MAX_VALUE_DEPTH) throw new ValueError(`A value is nested over ${MAX_VALUE_DEPTH} levels.`);
  if (Array.isArray(value)) return value.map((item: unknown) => toExpressionValue(item ?? null, depth + 1));
  if (typeof value !== "object") throw new ValueError(`A ${typeof value} is not JSON.`);
  const map = new Map<string, unknown>();
  for (const [key, field] of Object.entries(value)) if (field !== undefined) map.set(key, toExpressionValue(field, depth + 1));
  return map;
}

/** What an expression gave → JSON: integers become numbers, times ISO texts, durations seconds as text (`90s`). @throws ValueError for what has no JSON. */
export function toJson(value: unknown): Json {
  return write(value, { left: MAX_ITEMS }, 0);
}

function write(value: unknown, room: { left: number }, depth: number): Json {
  if (--room.left < 0) throw new ValueError(`The value has over ${MAX_ITEMS} parts.`);
  if (depth > MAX_VALUE_DEPTH) throw new ValueError(`The value is nested over ${MAX_VALUE_DEPTH} levels.`);
  switch (typeof value) {
    case "string":
    case "boolean":
      return value;
    case "number":
      if (!Number.isFinite(value)) throw new ValueError("The number is not finite (a division by zero?).");
      // JSON knows no negative zero.
      return value === 0 ? 0 : value;
    case "bigint":
      return fromInteger(value);
    case "object":
      return writeObject(value, room, depth);
    default:
      throw new ValueError(`A ${typeof value} has no JSON.`);
  }
}

function fromInteger(value: bigint): number {
  const number = Number(value);
  if (!Number.isSafeInteger(number)) throw new ValueError(`The integer ${value} is too large for JSON.`);
  return number;
}

function writeObject(value: object | null, room: { left: number }, depth: number): Json {
  if (value === null) return null;
  if (Array.isArray(value)) return value.map((item: unknown) => write(item, room, depth + 1));
  if (value instanceof Map) {
    return Object.fromEntries([...value].map(([key, field]: [unknown, unknown]) => [keyText(key), write(field, room, depth + 1)]));
  }
  if (value instanceof UnsignedInt) return fromInteger(value.valueOf());
  if (value instanceof Date) return value.toISOString();
  if (value instanceof Duration) return value.toString();
  if (value instanceof Optional) return value.hasValue() ? write(value.value(), room, depth + 1) : null;
  if (value instanceof Uint8Array) throw new ValueError("Bytes have no JSON. Use base64_encode or string().");
  if (Object.getPrototypeOf(value) !== Object.prototype) throw new ValueError("The value is a type, not data.");
  return Object.fromEntries(Object.entries(value).map(([key, field]: [string, unknown]) => [key, write(field, room, depth + 1)]));
}

function keyText(key: unknown): string {
  return typeof key === "string" ? key : String(key);
}
