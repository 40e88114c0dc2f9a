import { describe, expect, it } from "vitest";
import { MEMO_LIMIT_BYTES } from "../contract/names.ts";
import { fittingStatus, jsonBytes } from "./fitting-status.ts";

describe("the status in the memo", () => {
  it("is measured in bytes as Temporal stores it", () => {
    for (const value of ["plain", "ü€😀", { a: ["\n", null, 1.5] }])
      expect(jsonBytes(value)).toBe(Buffer.byteLength(JSON.stringify(value)));
  });

  it("is the fullest that fits beside what is kept already", () => {
    const kept = { title: "x".repeat(10_000) };
    const full = { workspaces: "y".repeat(MEMO_LIMIT_BYTES - 5_000) };
    const counts = { workspaces: 50 };
    expect(fittingStatus({}, [full, counts])).toBe(full);
    expect(fittingStatus(kept, [full, counts])).toBe(counts);
    expect(fittingStatus({ ...kept, workspaces: "z".repeat(30_000) }, [counts])).toBe(counts);
  });

  it("only says that it was cut where nothing fits", () => {
    expect(fittingStatus({}, [{ a: "y".repeat(40_000) }])).toEqual({ truncated: true });
    expect(fittingStatus({}, [{ a: "€".repeat(11_000) }])).toEqual({ truncated: true });
  });
});
