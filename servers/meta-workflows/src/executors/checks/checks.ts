import type { Check } from "./check.ts";
import { fluxReady, kubernetesReady } from "./cluster-checks.ts";
import { fileDigest, fileExists, lineExists } from "./file-checks.ts";
import { commitExists, diffTouches, onBranch, treeClean } from "./git-checks.ts";
import { httpHealth } from "./http-health.ts";
import { pullRequestChecks, pullRequestOpen } from "./pull-request-checks.ts";
import { runbookScenarios, runbookValid } from "./runbook-checks.ts";
import { testsPass } from "./tests-pass.ts";

/** Every check, by its name: what definitions may name as `check`, and what the reference is made from. */
export const CHECKS: ReadonlyMap<string, Check> = new Map(
  [
    commitExists,
    treeClean,
    onBranch,
    diffTouches,
    fileExists,
    lineExists,
    fileDigest,
    httpHealth,
    testsPass,
    fluxReady,
    kubernetesReady,
    pullRequestOpen,
    pullRequestChecks,
    runbookValid,
    runbookScenarios,
  ].map((check) => [check.name, check]),
);
