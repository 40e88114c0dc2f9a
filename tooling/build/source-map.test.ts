import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it } from "vitest";
import { findLeaks } from "./leaks.ts";
import { cleanInlineMap } from "./source-map.ts";

const bundle = (map: object): string =>
  `code();\n//# sourceMappingURL=data:application/json;charset=utf-8;base64,${Buffer.from(JSON.stringify(map)).toString("base64")}`;
const told = bundle({
  version: 3,
  mappings: "AAAA",
  file: "workflow-bundle-9e3c.js",
  sources: ["ignored|/ci/build/node_modules/x", "a.ts"],
});

it("takes the build's folder out of the map and keeps all else", () => {
  const clean = bundle({ version: 3, mappings: "AAAA", file: "w.js", sources: ["ignored|node_modules/x", "a.ts"] });
  expect(cleanInlineMap(told, "w.js", "/ci/build")).toBe(clean);
  expect(cleanInlineMap("code();", "w.js", "/ci/build")).toBe("code();");
});

it("is needed: a path in an encoded map is a leak", () => {
  const folder = mkdtempSync(join(tmpdir(), "leak-test-"));
  writeFileSync(join(folder, "w.js"), told);
  expect(findLeaks(folder, ["/ci/build/"])).toMatchObject([{ file: "w.js", path: "/ci/build/" }]);
  writeFileSync(join(folder, "w.js"), cleanInlineMap(told, "w.js", "/ci/build"));
  expect(findLeaks(folder, ["/ci/build/"])).toEqual([]);
  rmSync(folder, { recursive: true });
});
