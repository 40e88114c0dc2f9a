/** Bounds of the arguments of one call, before any schema sees them. */
export const MAX_DEPTH = 40;
export const MAX_ELEMENTS = 100_000;

/**
 * The first reason why arguments may not even be parsed, or undefined: a key `__proto__` (zod 4.6's records drop it
 * silently; its strict objects did so before), more than 40 levels, more than 100,000 elements. Walks without recursion, so depth cannot exhaust the stack.
 */
export function hostileInput(args: unknown): { path: string; message: string } | undefined {
  const stack: { value: unknown; path: string; depth: number }[] = [{ value: args, path: "", depth: 0 }];
  let elements = 0;
  for (let next = stack.pop(); next; next = stack.pop()) {
    const { value, path, depth } = next;
    if (typeof value !== "object" || value === null) continue;
    if (depth > MAX_DEPTH) return { path: shortPath(path), message: `nested deeper than ${MAX_DEPTH} levels` };
    for (const [key, inner] of Object.entries(value)) {
      if (++elements > MAX_ELEMENTS) return { path: "", message: `more than ${MAX_ELEMENTS} elements in the arguments` };
      const at = joinPath(path, Array.isArray(value) ? Number(key) : key);
      if (key === "__proto__") return { path: shortPath(at), message: "unknown argument" };
      if (typeof inner === "object" && inner !== null) stack.push({ value: inner, path: at, depth: depth + 1 });
    }
  }
  return undefined;
}

/** `workspaces`, 2, `name` → `workspaces[2].name` */
export function joinPath(path: string, key: string | number): string {
  if (typeof key === "number") return `${path}[${key}]`;
  return path === "" ? key : `${path}.${key}`;
}

/** A path that fits a line, whatever the client sent as key. */
export function shortPath(path: string): string {
  const printable = path.replaceAll(/[\u0000-\u001f\u007f-\u009f\u2028\u2029]/g, "?");
  return printable.length > 120 ? `${printable.slice(0, 117)}...` : printable;
}
