const INLINE_MAP = /(sourceMappingURL=data:application\/json;charset=utf-8;base64,)([A-Za-z0-9+/=]+)/;

/** Gives an inline source map's `file` a constant name: the bundler of workflows makes up another one in every folder. */
export function nameInlineMap(bundle: string, file: string): string {
  return bundle.replace(INLINE_MAP, (_, head: string, map: string) => {
    const named = { ...(JSON.parse(Buffer.from(map, "base64").toString()) as object), file };
    return head + Buffer.from(JSON.stringify(named)).toString("base64");
  });
}
