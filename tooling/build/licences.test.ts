import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { filesIn, licencePage, packagesOf } from "./licences.ts";

let root: string;
beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), "platform-ops-licences-"));
  add(
    "node_modules/.pnpm/plain@1.0.0/node_modules/plain",
    { name: "plain", version: "1.0.0", license: "MIT" },
    { LICENSE: "MIT text\r\n" },
  );
  add(
    "node_modules/.pnpm/@s+scoped@2.0.0/node_modules/@s/scoped",
    { name: "@s/scoped", version: "2.0.0", license: "MIT" },
    { "license.md": "MIT text" },
  );
  add("node_modules/.pnpm/bare@3.0.0/node_modules/bare", { name: "bare", version: "3.0.0", license: "ISC" }, {});
  add("node_modules/old", { name: "old", version: "1.2.3", licenses: [{ type: "MIT", url: "x" }] }, { LICENSE: "MIT text" });
  add("node_modules/none", { name: "none", version: "4.0.0" }, {});
});
afterAll(() => rmSync(root, { recursive: true }));

function add(folder: string, manifest: object, files: Record<string, string>): void {
  mkdirSync(join(root, folder), { recursive: true });
  writeFileSync(join(root, folder, "package.json"), JSON.stringify(manifest));
  for (const [name, text] of Object.entries(files)) writeFileSync(join(root, folder, name), text);
}

it("names each package once, with its licence, and says a shared text once", () => {
  const files = [
    "packages/ledger/src/seal.ts",
    "node_modules/.pnpm/plain@1.0.0/node_modules/plain/lib/a.js",
    "node_modules/.pnpm/plain@1.0.0/node_modules/plain/lib/b.js",
    "node_modules/.pnpm/@s+scoped@2.0.0/node_modules/@s/scoped/index.js",
    "node_modules/.pnpm/bare@3.0.0/node_modules/bare/index.js",
  ];
  const packages = packagesOf(root, files);
  expect(packages.map(({ name }) => name)).toEqual(["@s/scoped", "bare", "plain"]);
  const page = licencePage(packages);
  expect(page).toContain("@s/scoped 2.0.0 (MIT)\nplain 1.0.0 (MIT)\n\nMIT text\n");
  expect(page).toContain("bare 3.0.0 (ISC)\n\nLicensed under ISC");
  expect(page.match(/MIT text/g)).toHaveLength(1);
});

it("reads a licence in the old form of manifests", () => {
  expect(packagesOf(root, ["node_modules/old/index.js"])).toMatchObject([{ name: "old", licence: "MIT" }]);
});

it("refuses a package without a licence", () => {
  expect(() => packagesOf(root, ["node_modules/none/index.js"])).toThrow("none 4.0.0 has no licence");
});

it("counts what is in an output, not what was looked at", () => {
  const output = (inputs: Record<string, { bytesInOutput: number }>) => ({ bytes: 1, inputs, imports: [], exports: [] });
  expect(
    filesIn([{ inputs: {}, outputs: { "main.cjs": output({ "a.js": { bytesInOutput: 5 }, "b.js": { bytesInOutput: 0 } }) } }]),
  ).toEqual(["a.js"]);
});
