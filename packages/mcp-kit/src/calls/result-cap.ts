import type { ToolResult } from "../tool.ts";

/** The most that either half of a result may hold, in bytes of UTF-8. Tools stay far below; this is the last bound. */
export const MAX_RESULT_BYTES = 40 * 1024;

const size = (text: string): number => Buffer.byteLength(text);

/**
 * A result of which neither half exceeds 40 KB. What is cut says so: the text in its last line, the data by `truncated: true`.
 * To be called after redaction, since a secret cut in two is no longer recognised.
 */
export function capResult(result: ToolResult): ToolResult & { cut: boolean } {
  const data = capData(result.data);
  const text = capText(result.text);
  const cut = data !== result.data || text !== result.text;
  return {
    text:
      text !== result.text || !cut
        ? text
        : `${text}\n[truncated: the structured content was cut; ask for less, with a filter, limit or cursor]`,
    data: cut && !data.truncated ? { ...data, truncated: true } : data,
    cut,
  };
}

function capText(text: string): string {
  const total = size(text);
  if (total <= MAX_RESULT_BYTES) return text;
  const kept = Buffer.from(text)
    .subarray(0, MAX_RESULT_BYTES - 200)
    .toString()
    .replace(/\uFFFD+$/, "");
  const lastLine = kept.lastIndexOf("\n");
  const head = lastLine > kept.length / 2 ? kept.slice(0, lastLine) : kept;
  return `${head}\n[truncated: the first ${size(head)} of ${total} bytes; ask for less, with a filter, limit or cursor]`;
}

function capData(data: Record<string, unknown>): Record<string, unknown> {
  if (size(JSON.stringify(data)) <= MAX_RESULT_BYTES) return data;
  for (const [characters, items] of [
    [8000, 400],
    [4000, 100],
    [1000, 50],
    [400, 20],
    [200, 8],
    [80, 3],
  ] as const) {
    const cut = { ...(shorten(data, characters, items) as Record<string, unknown>), truncated: true };
    if (size(JSON.stringify(cut)) <= MAX_RESULT_BYTES) return cut;
  }
  const scalars = Object.entries(data)
    .filter(([, value]) => typeof value !== "object" || value === null)
    .slice(0, 100);
  return { ...(shorten(Object.fromEntries(scalars), 80, 0) as Record<string, unknown>), truncated: true };
}

function shorten(value: unknown, characters: number, items: number): unknown {
  if (typeof value === "string") return value.length > characters ? `${value.slice(0, characters)}…` : value;
  if (Array.isArray(value)) return value.slice(0, items).map((inner) => shorten(inner, characters, items));
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, shorten(inner, characters, items)]));
}
