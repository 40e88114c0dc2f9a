import { expect, it } from "vitest";
import { circles } from "./circles.ts";
import { codeLaw } from "./law.ts";
import { parse } from "./repository.ts";

codeLaw("No files import each other in a circle, be it for types alone: what both need stands below both", {
  check: (sources) => circles(sources).map((circle) => circle.join(" → ")),
  broken: { "packages/ledger/src/planted.ts": 'import type { T } from "./planted.ts";\nexport type { T };' },
  kept: { "packages/ledger/src/planted.ts": 'import { seal } from "./keys.ts";\nexport const planted = seal;' },
});

it("finds a circle of several files, of values and types, through a package's name too", () => {
  const planted = {
    "packages/errors/src/index.ts": 'export { first } from "./first.ts";',
    "packages/errors/src/first.ts": 'import type { T } from "./second.ts";\nexport const first: T = 1;',
    "packages/errors/src/second.ts": 'import { OpsError } from "@platform-ops/errors";\nexport type T = typeof OpsError;',
    "packages/errors/src/apart.ts": 'export { first } from "./first.ts";',
  };
  expect(circles(Object.entries(planted).map(([path, text]) => parse({ path, text })))).toEqual([
    ["packages/errors/src/index.ts", "packages/errors/src/first.ts", "packages/errors/src/second.ts", "packages/errors/src/index.ts"],
  ]);
});
