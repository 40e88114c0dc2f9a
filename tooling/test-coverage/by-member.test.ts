import { expect, test } from "vitest";
import { belowGate, byMember, type FileSummary } from "./by-member.ts";

const of = (covered: number, total: number, branches = covered): FileSummary => ({
  lines: { covered, total },
  branches: { covered: branches, total },
});

const SUMMARY = {
  total: of(1, 100),
  "/r/packages/ledger/src/keys.ts": of(90, 100),
  "/r/packages/ledger/src/settings/read.ts": of(70, 100),
  "/r/servers/one/src/bin.ts": of(7999, 10_000, 9000),
  "/r/servers/one/src/types.ts": of(0, 0),
  "/r/tooling/build.ts": of(0, 50),
};

test("files are summed up by their package or server; nothing else counts", () => {
  expect(byMember("/r", SUMMARY)).toEqual([
    {
      member: "packages/ledger",
      lines: 80,
      branches: 80,
      weakest: [
        { file: "settings/read.ts", missing: 30 },
        { file: "keys.ts", missing: 10 },
      ],
    },
    { member: "servers/one", lines: 79.99, branches: 90, weakest: [{ file: "bin.ts", missing: 2001 }] },
  ]);
});

test("the gate is not rounded, and holds for lines and for branches", () => {
  expect(belowGate(byMember("/r", SUMMARY))).toEqual([
    "servers/one: 79.99 % of lines, 90 % of branches; most is missing in bin.ts (2001 lines)",
  ]);
  expect(belowGate(byMember("/r", { "/r/packages/a/src/x.ts": of(100, 100, 79) }))).toHaveLength(1);
  expect(belowGate(byMember("/r", { "/r/packages/a/src/x.ts": of(80, 100) }))).toEqual([]);
});
