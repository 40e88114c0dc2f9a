/** Gives the suite our `fs` where Node's own has no `globSync`. */
export async function resolve(specifier, context, next) {
  const isOfSuite = context.parentURL?.includes("/@modelcontextprotocol/conformance/dist/");
  if (!isOfSuite || specifier !== "fs") return await next(specifier, context);
  return { url: new URL("./fs.mjs", import.meta.url).href, shortCircuit: true };
}
