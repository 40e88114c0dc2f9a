import { expect, test } from "vitest";
import { ROOT } from "../setup.mjs";
import { specifiersIn, withJsEndings } from "./compile-libraries.ts";
import { libraryManifest, publishedVersions } from "./library-manifest.ts";
import { dependencyFaults } from "./pack-library.ts";
import { publishedLibraries, publishedPackages } from "./packages.mjs";

const source = { "platform-ops-source": "./src/index.ts" };
const manifest = {
  name: "@platform-ops/x",
  version: "1.2.3",
  files: ["dist"],
  sideEffects: ["./src/a.ts", "./dist/a.js"],
  exports: {
    ".": { ...source, types: "./dist/index.d.ts", default: "./dist/index.js" },
    "./testing": source,
    "./package.json": "./package.json",
  },
  dependencies: { "@platform-ops/errors": "workspace:*", zod: "catalog:" },
  devDependencies: { vitest: "catalog:" },
};

test("users get the public subpaths, compiled, and versions that are said", () => {
  expect(libraryManifest(manifest, (name, wanted) => `${name} ${wanted}`)).toEqual({
    name: "@platform-ops/x",
    version: "1.2.3",
    files: ["dist"],
    sideEffects: ["./dist/a.js"],
    exports: { ".": { types: "./dist/index.d.ts", default: "./dist/index.js" }, "./package.json": "./package.json" },
    dependencies: { "@platform-ops/errors": "@platform-ops/errors workspace:*", zod: "zod catalog:" },
  });
});

test("ours and Temporal's go together in one version, all else in any that is compatible", () => {
  const version = publishedVersions(ROOT, "1.2.3");
  expect(version("@platform-ops/errors", "workspace:*")).toBe("1.2.3");
  expect(version("zod", "catalog:")).toMatch(/^\^4\.\d+\.\d+$/);
  expect(version("@temporalio/worker", "catalog:")).toMatch(/^1\.\d+\.\d+$/);
  expect(() => version("left-pad", "catalog:")).toThrow("not of the catalog");
  expect(() => version("zod", "^4.0.0")).toThrow("not of the catalog");
});

test("a package that is imported and not named is refused, and one that is named and not imported", () => {
  const named = { name: "x", dependencies: { zod: "^4.0.0", yaml: "^2.0.0" }, peerDependencies: { sdk: "^1.0.0" } };
  expect(dependencyFaults(named, new Set(["zod", "yaml", "sdk", "x", ""]))).toEqual([]);
  expect(dependencyFaults(named, new Set(["zod", "sdk", "execa"]))).toEqual([
    "x imports execa and does not depend on it",
    "x depends on yaml and does not import it",
  ]);
});

test("what a compiled file imports is seen in each way in which it is written", () => {
  const text = [
    'import "./a.js";',
    'import { b, } from "b";',
    'export * from "./c.js";',
    'const d = await import("d/e");',
    'const f = new URL("./f.js", import.meta.url), g = new URL("./g.ts", import.meta.url);',
    ' * import { h } from "h";',
    '// import { i } from "i";',
  ].join("\n");
  expect(specifiersIn(text)).toEqual(["./a.js", "b", "./c.js", "d/e", "./f.js"]);
});

test("declarations import files that users get", () => {
  const text = 'export { a } from "./a.ts";\nimport "../b/c.ts";\nexport declare const d: import("./d.ts").D;\n';
  expect(withJsEndings(text)).toBe('export { a } from "./a.js";\nimport "../b/c.js";\nexport declare const d: import("./d.js").D;\n');
  expect(withJsEndings('from "yaml.ts"')).toBe('from "yaml.ts"');
});

test("a package is published after those that it depends on, and what is shared before the servers", () => {
  const names = publishedPackages(ROOT).map(({ manifest: { name } }) => name as string);
  for (const { manifest: one } of publishedLibraries(ROOT))
    for (const name of Object.keys(one.dependencies ?? {}).filter((each) => each.startsWith("@platform-ops/")))
      expect(names.indexOf(name)).toBeLessThan(names.indexOf(one.name));
  expect(names).toHaveLength(9);
  expect(names.slice(-3).every((name) => name.endsWith("-mcp"))).toBe(true);
});
