const MAX_ALTERNATIVES = 64;

type Token = { readonly literal: string } | "one" | "some" | "any" | "folders";

/**
 * True when a glob matches a whole text. `*` and `?` stop at `/`, `**` does not, `{a,b}` gives alternatives; `**` between
 * slashes also stands for no folder at all. Takes time in proportion to both lengths, whatever they hold.
 */
export function matchesGlob(glob: string, text: string): boolean {
  return alternatives(glob).some((each) => matchesTokens(tokens(each), text));
}

/**
 * As `matchesGlob`, for absolute paths: a glob that does not begin with `/` may match at any depth, and one that ends in
 * `/**` also matches the folder itself.
 */
export function matchesPathGlob(glob: string, path: string): boolean {
  return alternatives(glob).some((each) => {
    const anchored = each.startsWith("/") ? each : `/**/${each}`;
    return matchesTokens(tokens(anchored), path) || (anchored.endsWith("/**") && matchesTokens(tokens(anchored.slice(0, -3)), path));
  });
}

/** What is wrong with a glob, or undefined. */
export function globProblem(glob: string): string | undefined {
  if (glob.includes("[") || glob.includes("]")) return "has a character class; write {a,b} instead";
  const open = glob.split("{").length;
  if (open !== glob.split("}").length) return "has a brace without its partner";
  return alternatives(glob).length >= MAX_ALTERNATIVES ? `stands for ${MAX_ALTERNATIVES} or more alternatives` : undefined;
}

function alternatives(glob: string): string[] {
  let done: string[] = [];
  let open = [glob];
  while (open.length > 0 && open.length + done.length < MAX_ALTERNATIVES) {
    const next: string[] = [];
    for (const each of open) {
      const group = /\{([^{}]*)\}/.exec(each);
      if (group === null) done.push(each);
      else
        for (const choice of group[1]!.split(","))
          next.push(each.slice(0, group.index) + choice + each.slice(group.index + group[0].length));
    }
    open = next;
  }
  done = [...done, ...open];
  return done.slice(0, MAX_ALTERNATIVES);
}

function tokens(glob: string): Token[] {
  const list: Token[] = [];
  // In "a/**/b" the first slash belongs to the stars, so that "a/b" matches as well; what they stand for begins with a slash
  // or is empty, which "folders" means.
  for (const part of glob.split(/(\/\*\*(?=\/)|\*\*|\*|\?)/)) {
    if (part === "") continue;
    if (part === "/**") list.push("folders");
    else if (part === "**") list.push("any");
    else if (part === "*") list.push("some");
    else if (part === "?") list.push("one");
    else for (const char of part) list.push({ literal: char });
  }
  return list;
}

/** Positions that can be reached after each token; one pass over the text per token. */
function matchesTokens(pattern: readonly Token[], text: string): boolean {
  const chars = [...text];
  let reached: Uint8Array = new Uint8Array(chars.length + 1);
  reached[0] = 1;
  for (const token of pattern) {
    const next = new Uint8Array(chars.length + 1);
    const inFolders = new Uint8Array(chars.length + 2);
    for (let at = 0; at <= chars.length; at += 1) {
      if (token === "any" || token === "some") {
        if (reached[at] || (at > 0 && next[at - 1] && (token === "any" || chars[at - 1] !== "/"))) next[at] = 1;
      } else if (token === "folders") {
        if (reached[at] || inFolders[at]) next[at] = 1;
        if ((reached[at] && chars[at] === "/") || inFolders[at]) inFolders[at + 1] = 1;
      } else if (at > 0 && reached[at - 1] && (token === "one" ? chars[at - 1] !== "/" : token.literal === chars[at - 1])) next[at] = 1;
    }
    reached = next;
  }
  return reached[chars.length] === 1;
}
