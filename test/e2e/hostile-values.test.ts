import { describe, expect, test } from "vitest";
import { attack } from "../chaos/attack.ts";
import { KUBECTL_MISSING } from "../support/kube-api/kubectl.ts";
import { SSHD_MISSING } from "../support/sshd.ts";

// A fixed sample of what `npm run chaos` plays in full.

const missing = SSHD_MISSING ?? KUBECTL_MISSING;

describe.skipIf(missing !== undefined)(missing ?? "hostile values", () => {
  test("in every string argument of every tool touch no canary, become no option, and reach nobody else", async () => {
    const report = await attack({ seed: 4, perArgument: 6 });
    expect(report.problems).toEqual([]);
    expect(report.arguments).toBeGreaterThan(60);
    expect(report.started).toBeGreaterThan(20);
  });
});
