import { fileURLToPath } from "node:url";

/** The parts of esbuild's plugin interface that are used here; this package does not depend on esbuild. */
interface PluginBuild {
  onLoad(options: { filter: RegExp }, callback: () => { contents: string; loader: "js" }): void;
}

/**
 * What a bundler (esbuild) needs to know to make a server start fast: the SDK without AJV (300 kB), zod without its
 * fifty languages and its reader of JSON Schema, which nothing here uses.
 */
export const bundleOptions = {
  alias: { "@modelcontextprotocol/server/_shims": fileURLToPath(new URL("./sdk-shims.ts", import.meta.url)) },
  plugins: [
    {
      name: "lean-zod",
      setup(build: PluginBuild): void {
        build.onLoad({ filter: /zod[\\/]v4[\\/]locales[\\/]index\.js$/ }, () => ({
          contents: 'export { default as en } from "./en.js";',
          loader: "js",
        }));
        build.onLoad({ filter: /zod[\\/]v4[\\/]classic[\\/]from-json-schema\.js$/ }, () => ({
          contents: 'export function fromJSONSchema() { throw new Error("not bundled"); }',
          loader: "js",
        }));
      },
    },
  ],
};
