const MASK = "[redacted]";

/** Endings of names that mark a secret, in snake case. */
const NAMES =
  "password|passwd|pwd|passphrase|secret|secrets|token|api_?key|apikey|access_?key|secret_?key|private_?key|client_?secret|authorization|credential|credentials|bearer|cookie|connection_?string";
const MARK = new RegExp(`(?:^|_)(?:${NAMES})$`);
/** Names that end like a secret's and are none: a place in a list, a call's progress. */
const HARMLESS = /(?:^|_)(?:progress|page|next|previous|continue|continuation|sync|cancellation)_token$/;

/** True when a field, variable or argument of this name (any case style) holds a secret. */
export function isMarkOfSecret(name: string): boolean {
  if (name.length > 200) return false;
  const snake = name
    .replace(/([a-z0-9])([A-Z])/g, "$1_$2")
    .replace(/[^A-Za-z0-9]+/g, "_")
    .toLowerCase();
  return MARK.test(snake) && !HARMLESS.test(snake);
}

/** Secrets whose shape is known. Each expression is linear: no nested repetition. */
const SHAPES: readonly RegExp[] = [
  // RFC 7468 and OpenSSH: private keys in text armour, also when line ends were escaped; an armour cut off at its end is masked to the end.
  /-----BEGIN (?:[A-Z0-9]+ ){0,4}PRIVATE KEY(?: BLOCK)?-----[\s\S]*?(?:-----END (?:[A-Z0-9]+ ){0,4}PRIVATE KEY(?: BLOCK)?-----|$)/g,
  // RFC 7519: a JSON Web Token begins with {" in base64url.
  /\beyJ[A-Za-z0-9_-]{8,}\.eyJ[A-Za-z0-9_-]{8,}(?:\.[A-Za-z0-9_-]*)?/g,
  // Our own bearer tokens; the id alone is no secret.
  /\bpot_[0-9a-z]{10}_[A-Za-z0-9_-]{20,}/g,
  // GitHub, GitLab, Slack, Vault, HCP Terraform, npm, Stripe: prefixes that their makers document for secret scanning.
  /\b(?:gh[pousr]_[A-Za-z0-9]{20,}|github_pat_[A-Za-z0-9_]{20,}|glpat-[A-Za-z0-9_-]{20,}|xox[abeoprs]-[A-Za-z0-9-]{10,}|hv[sbr]\.[A-Za-z0-9_-]{20,}|[A-Za-z0-9]{14}\.atlasv1\.[A-Za-z0-9_-]{20,}|npm_[A-Za-z0-9]{36}|[sr]k_(?:live|test)_[A-Za-z0-9]{16,})/g,
];

/** RFC 3986 userinfo: the part after the colon is a password. */
const URL_PASSWORD = /\b([a-z][a-z0-9+.-]{1,20}:\/\/[^\s/:@"'<>]{0,100}):[^\s/@"'<>]{1,300}@/gi;
/** RFC 9110 §11.4: scheme, then credentials. */
const AUTHORIZATION = /\b((?:proxy-)?authorization["']?\s{0,3}[:=]\s{0,3}["']?(?:basic|bearer|digest|negotiate|token)\s{1,3})[^\s"',]+/gi;
const NAME_IN_TEXT = `[A-Za-z0-9_.-]{0,60}?(?:${NAMES.replaceAll("_?", "[_-]?")})`;
/** name = "value", "name": "value" (quotes may be escaped, as JSON inside of JSON is). */
const QUOTED = new RegExp(
  `\\b(${NAME_IN_TEXT}\\\\{0,3}["']?\\s{0,20}[:=]\\s{0,20})(\\\\{0,3}["'])(?!\\[redacted\\])((?:[^"'\\\\\\n]|\\\\(?!["'])|\\\\["'](?![\\s,}\\]]))*)(\\\\{0,3}["'])`,
  "gi",
);
/** name=value, as in a shell, a query or a connection string. */
const ASSIGNED = new RegExp(`\\b(${NAME_IN_TEXT}=)(?!\\[redacted\\])[^\\s"'&;,()\\\\]+`, "gi");
/** name: value to the end of the line, as YAML has it; a sentence after the colon is no value. */
const LINE = new RegExp(`^([ \\t-]{0,200}${NAME_IN_TEXT}:[ \\t]{1,20})(?!\\[redacted\\])[^\\s"'(\\[{|>&*!][^\\s]*[ \\t]*$`, "gim");

/** Masks what is marked as secret in a text: by its shape, or by the name before it. */
export function maskMarkedText(text: string): string {
  let result = text;
  for (const shape of SHAPES) result = result.replace(shape, MASK);
  return result
    .replace(URL_PASSWORD, `$1:${MASK}@`)
    .replace(AUTHORIZATION, `$1${MASK}`)
    .replace(QUOTED, (whole: string, name: string, open: string, value: string, close: string) =>
      value === "" || harmless(name) ? whole : `${name}${open}${MASK}${close}`,
    )
    .replace(ASSIGNED, (whole: string, name: string) => (harmless(name) ? whole : `${name}${MASK}`))
    .replace(LINE, (whole: string, name: string) => (harmless(name) ? whole : `${name}${MASK}`));
}

function harmless(nameAndSign: string): boolean {
  return !isMarkOfSecret(nameAndSign.replace(/[^A-Za-z0-9]+$/, ""));
}
