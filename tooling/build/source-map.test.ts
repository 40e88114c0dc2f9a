import { expect, it } from "vitest";
import { nameInlineMap } from "./source-map.ts";

const bundle = (map: object): string => `code();\n//# sourceMappingURL=data:application/json;charset=utf-8;base64,${Buffer.from(JSON.stringify(map)).toString("base64")}`;

it("names the map's file and keeps all else", () => {
  const named = nameInlineMap(bundle({ version: 3, file: "workflow-bundle-9e3c.js", mappings: "AAAA", sources: ["a.ts"] }), "w.js");
  expect(named).toBe(bundle({ version: 3, file: "w.js", mappings: "AAAA", sources: ["a.ts"] }));
  expect(nameInlineMap("code();", "w.js")).toBe("code();");
});
