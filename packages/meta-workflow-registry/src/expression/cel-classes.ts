import { evaluate } from "@marcbachmann/cel-js";

// The library does not export the classes of its own values; a value of each gives them.

interface Integer {
  valueOf(): bigint;
}
type ClassOf<T> = abstract new (...args: never[]) => T;

/** Class of `2u`. */
export const UnsignedInt = (evaluate("1u") as object).constructor as ClassOf<Integer>;
/** Class of `duration('2s')`; its text is seconds, as `90s`. */
export const Duration = (evaluate("duration('1s')") as object).constructor as ClassOf<{ toString(): string }>;
