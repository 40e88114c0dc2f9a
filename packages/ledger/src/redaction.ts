import { isMarkOfSecret, maskMarkedText } from "./redaction-marks.ts";

/** What stands in the place of a secret. */
export const MASK = "[redacted]";

const MIN_LENGTH = 4;
/** A line of a secret of several lines is masked alone too (tools indent and wrap such text), unless it is as short as a bracket. */
const MIN_LINE_LENGTH = 12;
/** Words that are values of many settings: masking them everywhere would hide nothing and garble everything. */
const PLAIN_WORDS = new Set(["true", "false", "null", "none", "default"]);
const MAX_DEPTH = 100;

/**
 * The one place that masks: by value (secrets it was told of, in all the forms in which programs print them) and by mark
 * (names such as `password`, private keys, tokens of known shape).
 */
export class Redactor {
  #forms: string[] = [];
  readonly #known = new Set<string>();

  /** Secrets that are known from the start may be given here. */
  constructor(secrets: Iterable<string> = []) {
    for (const secret of secrets) this.addSecret(secret);
  }

  /**
   * From now on masks this value: as it is, JSON-escaped (also as Go escapes), base64 (at every alignment, so that it is
   * found inside a longer encoded text), URL-encoded, hex, and line by line. Values under 4 characters, and words like
   * `true`, are not masked by value.
   */
  addSecret(value: string): void {
    const before = this.#known.size;
    for (const form of formsOf(value)) if (form.length >= MIN_LENGTH && !PLAIN_WORDS.has(form)) this.#known.add(form);
    if (this.#known.size !== before) this.#forms = [...this.#known];
  }

  /** Masks a text. */
  text(text: string): string {
    return maskMarkedText(this.#byValue(text));
  }

  /** Masks all texts in a value, and whatever stands under a name that marks a secret. The value itself is not changed. */
  value<T>(value: T): T {
    return this.#deep(value, false, 0) as T;
  }

  #deep(value: unknown, marked: boolean, depth: number): unknown {
    if (depth > MAX_DEPTH) return MASK;
    if (typeof value === "string") return marked && value !== "" ? MASK : this.text(value);
    if (typeof value === "number" || typeof value === "bigint") return marked ? MASK : this.#number(value);
    if (typeof value !== "object" || value === null) return value;
    if (Array.isArray(value)) return value.map((item: unknown) => this.#deep(item, marked, depth + 1));
    if (value instanceof Date) return value;
    if (value instanceof Uint8Array) return MASK;
    const fields = value as Record<string, unknown>;
    // Kubernetes API, core/v1 Secret: the payload stands in `data` (base64) and `stringData`.
    const isSecret = fields["kind"] === "Secret";
    const entries = Object.entries(fields).map(([name, field]) => {
      const secret = marked || isMarkOfSecret(name) || (isSecret && (name === "data" || name === "stringData"));
      return [this.#byValue(name), this.#deep(field, secret, depth + 1)] as const;
    });
    // fromEntries defines own properties, so that a name like __proto__ stays data.
    return Object.fromEntries(entries);
  }

  #number(value: number | bigint): unknown {
    return this.#known.has(String(value)) ? MASK : value;
  }

  /** All places where any form stands, merged where they touch or overlap, so that no piece of a secret is left between masks. */
  #byValue(text: string): string {
    const found: [number, number][] = [];
    for (const form of this.#forms) {
      for (let at = text.indexOf(form); at !== -1; at = text.indexOf(form, at + 1)) found.push([at, at + form.length]);
    }
    if (found.length === 0) return text;
    found.sort((a, b) => a[0] - b[0]);
    let result = "";
    let done = 0;
    for (let index = 0; index < found.length;) {
      const start = found[index]![0];
      let end = found[index]![1];
      for (index += 1; index < found.length && found[index]![0] < end; index += 1) end = Math.max(end, found[index]![1]);
      result += text.slice(done, start) + MASK;
      done = end;
    }
    return result + text.slice(done);
  }
}

function* formsOf(value: string): Generator<string> {
  yield* encodings(value);
  const lines = value.split(/\r?\n/);
  if (lines.length === 1) {
    if (value.trim() !== value) yield* encodings(value.trim());
    return;
  }
  const unix = lines.join("\n");
  yield* encodings(unix);
  yield* encodings(unix.trimEnd());
  yield* encodings(lines.join("\r\n"));
  for (const line of lines.map((each) => each.trim())) {
    if (line.length >= MIN_LINE_LENGTH && !/^-----(BEGIN|END) [A-Z ]+-----$/.test(line)) {
      yield line;
      yield* escapes(line);
    }
  }
}

function* encodings(value: string): Generator<string> {
  if (value.length < MIN_LENGTH) return;
  yield value;
  yield* escapes(value);
  const url = encodeURIComponent(Buffer.from(value, "utf8").toString("utf8"));
  yield url;
  yield url.replaceAll("%20", "+");
  yield url.replace(/[!'()*~]/g, (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`);
  const bytes = Buffer.from(value, "utf8");
  for (const alignment of [0, 1, 2]) {
    const inner = base64Inside(bytes, alignment);
    // Short inner pieces would hit by chance; a short secret is still found where it is encoded alone.
    if (inner.length >= 8) {
      yield inner;
      yield inner.replaceAll("+", "-").replaceAll("/", "_");
    }
  }
  yield bytes.toString("base64");
  yield bytes.toString("base64url");
  if (bytes.length >= 8) {
    yield bytes.toString("hex");
    yield bytes.toString("hex").toUpperCase();
  }
}

function* escapes(value: string): Generator<string> {
  const json = JSON.stringify(value).slice(1, -1);
  yield json;
  yield JSON.stringify(json).slice(1, -1);
  // encoding/json of Go (terraform, kubectl) escapes <, > and & as well.
  yield json.replaceAll("<", "\\u003c").replaceAll(">", "\\u003e").replaceAll("&", "\\u0026");
  // HCL escapes the beginnings of templates by doubling.
  yield json.replaceAll("${", "$${").replaceAll("%{", "%%{");
}

/** The base64 digits that depend on `bytes` alone when `before` (0–2) bytes of something else stand before them. */
function base64Inside(bytes: Buffer, before: number): string {
  const text = Buffer.concat([Buffer.alloc(before), bytes])
    .toString("base64")
    .replaceAll("=", "");
  const start = Math.ceil((before * 8) / 6);
  const end = Math.floor(((before + bytes.length) * 8) / 6);
  return text.slice(start, end);
}
