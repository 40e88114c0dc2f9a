const INLINE_MAP = /(sourceMappingURL=data:application\/json;charset=utf-8;base64,)([A-Za-z0-9+/=]+)/;

/**
 * Takes the folder of the build out of an inline source map, and gives its `file` a constant name: the bundler of
 * workflows writes full paths of what it leaves out, and another file name in every folder.
 */
export function cleanInlineMap(bundle: string, file: string, root: string): string {
  return bundle.replace(INLINE_MAP, (_, head: string, map: string) => {
    const { sources, ...rest } = JSON.parse(Buffer.from(map, "base64").toString()) as { sources: string[] };
    const relative = sources.map((source) => source.replaceAll(`${root}/`, ""));
    return head + Buffer.from(JSON.stringify({ ...rest, file, sources: relative })).toString("base64");
  });
}

/** The inline source map of a bundle, as JSON text; undefined without one. */
export function inlineMapOf(bundle: string): string | undefined {
  const map = INLINE_MAP.exec(bundle)?.[2];
  return map === undefined ? undefined : Buffer.from(map, "base64").toString();
}

/** The sources that the inline source map of a bundle names; none without one. */
export function sourcesOf(bundle: string): string[] {
  const map = inlineMapOf(bundle);
  return map === undefined ? [] : (JSON.parse(map) as { sources: string[] }).sources;
}

/** The text of a file with its inline source map readable, to search in. */
export function withReadableMap(text: string): string {
  const map = INLINE_MAP.exec(text)?.[2];
  return map === undefined ? text : `${text}\n${Buffer.from(map, "base64").toString("latin1")}`;
}
