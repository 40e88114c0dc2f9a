import { writeFileSync } from "node:fs";
import type { Reporter, SerializedError, TestCase, TestModule } from "vitest/node";

/** What a run of vitest came to; `tooling/test.mjs` reads it. */
export interface Counts {
  passed: number;
  failed: number;
  skipped: { name: string; reason: string }[];
  /** Tests that passed only when they were run again. */
  again: string[];
}

/** Counts tests, keeps the reason of every skip, and takes a file that could not be loaded or an error outside of tests as a failure. */
export default class CountingReporter implements Reporter {
  readonly counts: Counts = { passed: 0, failed: 0, skipped: [], again: [] };

  onTestCaseResult(test: TestCase): void {
    const result = test.result();
    if (result.state === "passed") {
      this.counts.passed += 1;
      if ((test.diagnostic()?.retryCount ?? 0) > 0) this.counts.again.push(nameOf(test));
    } else if (result.state === "failed") this.counts.failed += 1;
    else this.skip(test);
  }

  onTestRunEnd(modules: readonly TestModule[], errors: readonly SerializedError[]): void {
    for (const module of modules) {
      // Tests of a suite that was skipped as a whole are not reported one by one.
      for (const test of module.children.allTests("skipped")) this.skip(test);
      const broken = module.errors().length > 0 || [...module.children.allSuites()].some((suite) => suite.errors().length > 0);
      if (broken) this.counts.failed += 1;
    }
    this.counts.failed += errors.length;
    const file = process.env["PLATFORM_OPS_TEST_COUNTS"];
    if (file !== undefined) writeFileSync(file, JSON.stringify(this.counts));
  }

  private skip(test: TestCase): void {
    const name = nameOf(test);
    if (this.counts.skipped.some((one) => one.name === name)) return;
    const result = test.result();
    this.counts.skipped.push({ name, reason: (result.state === "skipped" && result.note) || "no reason given" });
  }
}

const nameOf = (test: TestCase): string => `${test.module.relativeModuleId} > ${test.fullName}`;
