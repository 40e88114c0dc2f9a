import { mkdtempSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { ROOT } from "../setup.mjs";
import { exportedNames, librarySurfaces } from "./library-surface.ts";

test("names are read from source, with what is handed on, each as value or type", () => {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), "platform-ops-names-")));
  try {
    writeFileSync(
      join(folder, "a.ts"),
      "export const one = 1;\nexport interface Two {}\nexport class Three {}\nexport type { Two as Four };\n",
    );
    writeFileSync(
      join(folder, "index.ts"),
      'export * from "./a.ts";\nexport type * from "./b.ts";\nexport { join, type ParsedPath } from "node:path";\nconst hidden = 0;\nexport { hidden as five };\n',
    );
    writeFileSync(join(folder, "b.ts"), "export const six = 6;\n");
    expect(Object.fromEntries(exportedNames(join(folder, "index.ts")))).toEqual({
      one: "value",
      Two: "type",
      Three: "value",
      Four: "type",
      six: "type",
      join: "value",
      ParsedPath: "type",
      five: "value",
    });
    writeFileSync(join(folder, "broken.ts"), "export const = 1;\n");
    expect(() => exportedNames(join(folder, "broken.ts"))).toThrow("broken.ts");
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test("what a library says it exports is what Node finds in it", async () => {
  for (const [name, subpaths] of Object.entries(librarySurfaces(ROOT)).filter(([each]) => !/orchestration|remote/.test(each)))
    for (const [subpath, names] of Object.entries(subpaths)) {
      const values = Object.keys(names).filter((each) => names[each] === "value");
      expect([`${name} ${subpath}`, Object.keys((await import(`${name}${subpath.slice(1)}`)) as object).sort()]).toEqual([
        `${name} ${subpath}`,
        values,
      ]);
    }
}, 60_000);
