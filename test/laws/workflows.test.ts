import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { parse as parseYaml } from "yaml";
import { findActionlint } from "../../tooling/setup/actionlint.mjs";
import { cacheFolder } from "../../tooling/setup/cache.mjs";
import { textLaw, type Violation } from "./law.ts";
import { ROOT, type TextFile } from "./repository.ts";

// The workflows of CI hold rights that nothing else here has.

interface Job {
  readonly permissions?: Readonly<Record<string, string>>;
  readonly steps: readonly { readonly run?: string; readonly uses?: string }[];
}
interface Workflow {
  readonly permissions?: Readonly<Record<string, string>>;
  readonly jobs: Readonly<Record<string, Job>>;
}

function everyWorkflow(files: readonly TextFile[], faults: (workflow: Workflow, text: string) => string[]): Violation[] {
  return files
    .filter(({ path }) => /^\.github\/workflows\/[^/]+\.yml$/.test(path))
    .flatMap(({ path, text }) => faults(parseYaml(text) as Workflow, text).map((fault) => `${path}: ${fault}`));
}

test("actionlint finds nothing in the workflows", ({ skip }) => {
  const actionlint = findActionlint(cacheFolder());
  skip(actionlint === undefined, "actionlint was not built; npm test does it, and wants Go for that");
  const folder = join(ROOT, ".github/workflows");
  const files = readdirSync(folder).map((name) => join(folder, name));
  // Scripts of one line each: nothing for shellcheck, which may or may not be on a machine.
  expect(execFileSync(actionlint!, ["-no-color", "-shellcheck=", "-pyflakes=", ...files], { encoding: "utf8" })).toBe("");
});

textLaw("An action of a workflow is named by its commit, with its version beside it", {
  check: (files) =>
    everyWorkflow(files, (_, text) =>
      text
        .split("\n")
        .filter((line) => /\buses:/.test(line) && !/uses: [\w-]+\/[\w-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$/.test(line))
        .map((line) => line.trim()),
    ),
  broken: {
    ".github/workflows/planted.yml": "jobs:\n  a:\n    steps:\n      - uses: actions/checkout@v4\n",
    ".github/workflows/planted-bare.yml": `jobs:\n  a:\n    steps:\n      - uses: actions/checkout@${"a".repeat(40)}\n`,
  },
});

const INSTALLS = /\bnpm (?!view\b)|\bpnpm\b|\bnpx\b|\.ci\/run|\bpip\b|\bcurl\b/;

textLaw("A workflow has no rights but to read; a job that has one runs nothing that was installed", {
  check: (files) =>
    everyWorkflow(files, ({ permissions, jobs }) => {
      const top = Object.entries(permissions ?? { all: "unsaid" }).filter(([, right]) => right !== "read");
      return [
        ...top.map(([name, right]) => `permissions of all jobs: ${name} ${right}`),
        ...Object.entries(jobs).flatMap(([name, { permissions: rights = {}, steps }]) => {
          if (!Object.values(rights).includes("write")) return [];
          return steps.filter(({ run = "" }) => INSTALLS.test(run)).map(({ run }) => `${name} may write, and runs: ${run}`);
        }),
      ];
    }),
  broken: {
    ".github/workflows/planted.yml": "permissions: { contents: write }\njobs: {}",
    ".github/workflows/planted-unsaid.yml": "jobs: {}",
    ".github/workflows/planted-install.yml": "permissions: {}\njobs: { a: { permissions: { id-token: write }, steps: [{ run: npm ci }] } }",
  },
  kept: {
    ".github/workflows/planted.yml":
      "permissions: { contents: read }\njobs: { a: { permissions: { id-token: write }, steps: [{ run: node publish.mjs x }] } }",
  },
});

test("everything is checked on Node 20, 22 and 24, and the release is rehearsed", () => {
  const { jobs } = parseYaml(readFileSync(join(ROOT, ".github/workflows/check.yml"), "utf8")) as {
    jobs: Record<string, Job & { strategy?: { matrix: { node: number[] } } }>;
  };
  expect(jobs["check"]?.strategy?.matrix.node).toEqual([20, 22, 24]);
  const runs = Object.values(jobs).flatMap(({ steps }) => steps.flatMap(({ run }) => run ?? []));
  expect(runs).toEqual(expect.arrayContaining([".ci/run", "npm run rehearse"]));
});
