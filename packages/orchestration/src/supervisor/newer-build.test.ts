import { expect, it } from "vitest";
import { compareVersions, isNewer } from "./newer-build.ts";

it("orders versions as semantic versioning says", () => {
  const ordered = [
    "1.0.0-alpha",
    "1.0.0-alpha.1",
    "1.0.0-alpha.beta",
    "1.0.0-beta",
    "1.0.0-beta.2",
    "1.0.0-beta.11",
    "1.0.0-rc.1",
    "1.0.0",
    "1.0.10",
    "1.2.0",
    "10.0.0",
  ];
  expect([...ordered].reverse().sort(compareVersions)).toEqual(ordered);
  expect(compareVersions("1.0.0+one", "1.0.0+two")).toBe(0);
});

it("takes the later build of one version, and no build for newer than itself", () => {
  const at = (builtAt: string) => ({ version: "1.0.0", builtAt });
  expect(isNewer(at("2026-02-01T00:00:00Z"), at("2026-01-31T23:59:59Z"))).toBe(true);
  expect(isNewer(at("2026-02-01T00:00:00Z"), at("2026-02-01T00:00:00Z"))).toBe(false);
  expect(isNewer(at("not a time"), at("2026-02-01T00:00:00Z"))).toBe(false);
  expect(isNewer({ version: "0.9.0", builtAt: "2030-01-01T00:00:00Z" }, at("2026-02-01T00:00:00Z"))).toBe(false);
});
