/** A part of a page that is written by a program: `<!-- generated:NAME -->` … `<!-- /generated:NAME -->`. */
const PART = /(<!-- generated:([\w-]+) -->\n)([\s\S]*?)(<!-- \/generated:\2 -->)/g;

/**
 * Puts fresh text into every generated part of a page. A part without content of that name is a mistake of the page.
 * @throws Error naming the part and what there is
 */
export function fillMarkers(page: string, parts: ReadonlyMap<string, string>): string {
  return page.replaceAll(PART, (_, open: string, name: string, _old: string, close: string) => {
    const text = parts.get(name);
    if (text === undefined) throw new Error(`nothing is generated under "${name}"; there is: ${[...parts.keys()].join(", ")}`);
    return `${open}\n${text.trim()}\n\n${close}`;
  });
}

/** Rows as a Markdown table. Cells may hold code in backticks; pipes are escaped, line breaks become spaces. */
export function markdownTable(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell) => cell.replaceAll("|", "\\|").replaceAll(/\s+/g, " ")).join(" | ")} |`;
  return [line(head), `|${head.map(() => "---").join("|")}|`, ...rows.map(line)].join("\n");
}

/** Text as code, or nothing for nothing. */
export function code(text: string | undefined): string {
  return text === undefined || text === "" ? "" : `\`${text}\``;
}
