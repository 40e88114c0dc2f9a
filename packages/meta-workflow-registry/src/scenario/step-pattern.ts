/** Id of the step at a path: `each[3]/verify#1` → `verify`. */
export function stepIdOf(path: string): string {
  return path
    .replace(/#.*$/, "")
    .split("/")
    .at(-1)!
    .replace(/\[\d+\]$/, "");
}

/** True where a pattern means the step at a path: by its id, or by its path, in which `*` stands for any characters. */
export function isStep(pattern: string, path: string): boolean {
  const bare = path.replace(/#.*$/, "");
  if (pattern === bare || pattern === path || pattern === stepIdOf(path)) return true;
  if (!pattern.includes("*")) return false;
  const parts = pattern.split("*");
  const [first, last] = [parts[0]!, parts.at(-1)!];
  if (!bare.startsWith(first) || !bare.endsWith(last) || bare.length < first.length + last.length) return false;
  let at = first.length;
  for (const part of parts.slice(1, -1)) {
    const found = bare.indexOf(part, at);
    if (found < 0) return false;
    at = found + part.length;
  }
  return at <= bare.length - last.length;
}
