import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

/** The parts of esbuild's plugin interface that are used here; this package does not depend on esbuild. */
interface PluginBuild {
  onLoad(options: { filter: RegExp }, callback: (file: { path: string }) => { contents: string; loader: "js" | "ts" } | undefined): void;
}

/**
 * What a bundler (esbuild) needs to know to make a server start fast: the SDK without AJV (300 kB), zod without its
 * fifty languages and its reader of JSON Schema, which nothing here uses, and without what we do not name of the rest:
 * esbuild leaves out what is not used of a namespace, but keeps all of an object, which `z` is as zod exports it.
 */
export const bundleOptions = {
  alias: {
    "@modelcontextprotocol/client/_shims": fileURLToPath(new URL("./sdk-shims.ts", import.meta.url)),
    "@modelcontextprotocol/server/_shims": fileURLToPath(new URL("./sdk-shims.ts", import.meta.url)),
  },
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
        build.onLoad({ filter: /[\\/](?:packages|servers)[\\/][^\\/]+[\\/]src[\\/].*\.ts$/ }, ({ path }) => {
          const source = readFileSync(path, "utf8");
          const namespaced = source.replace(/^import \{ z \} from "zod";$/m, 'import * as z from "zod";');
          return namespaced === source ? undefined : { contents: namespaced, loader: "ts" };
        });
      },
    },
  ],
};
