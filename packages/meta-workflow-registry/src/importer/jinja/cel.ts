// Pieces of CEL text.

/** A CEL expression, and whether it is known to be true or false. */
export interface Cel {
  readonly source: string;
  readonly bool?: boolean;
  /** Known to be text. */
  readonly text?: boolean;
  /** Binds as tightly as a name does. */
  readonly tight?: boolean;
  /** As a condition, where that is simpler than asking the value. */
  readonly asked?: string;
  /** The value, where it is a literal. */
  readonly literal?: string | number | boolean | null;
}

// Names that CEL keeps for itself: a field of that name is written in brackets.
const RESERVED = new Set(
  "as break const continue else false for function if import in let loop namespace null package return true var void while".split(" "),
);

/** A text as a CEL literal. */
export function textLiteral(text: string): string {
  return `'${text
    .replaceAll("\\", "\\\\")
    .replaceAll("'", "\\'")
    .replaceAll("\n", "\\n")
    .replaceAll("\r", "\\r")
    .replaceAll("\t", "\\t")}'`;
}

/** A JSON value as a CEL literal. */
export function literal(value: unknown): string {
  if (typeof value === "string") return textLiteral(value);
  if (Array.isArray(value)) return `[${value.map(literal).join(", ")}]`;
  if (typeof value === "object" && value !== null) {
    return `{${Object.entries(value)
      .map(([key, field]) => `${textLiteral(key)}: ${literal(field)}`)
      .join(", ")}}`;
  }
  return String(value);
}

/** A field of a value: `a.b`, or `a['b c']`. */
export function fieldOf(of: string, name: string): string {
  return /^[A-Za-z][A-Za-z0-9_]*$/.test(name) && !RESERVED.has(name) ? `${of}.${name}` : `${of}[${textLiteral(name)}]`;
}

/** An expression that may stand beside an operator. */
export function tight(cel: Cel): string {
  return cel.tight === true ? cel.source : `(${cel.source})`;
}

/** An expression as a condition: what is not known to be true or false is asked whether it is empty, null or zero. */
export function condition(cel: Cel): string {
  if (cel.bool === true) return cel.source;
  return cel.asked ?? `!(${tight(cel)} in [null, false, 0, '', [], {}])`;
}

/** An expression as text. */
export function asText(cel: Cel): string {
  return cel.text === true ? tight(cel) : `text(${cel.source})`;
}
