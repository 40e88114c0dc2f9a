import { textLaw, type Violation } from "./law.ts";
import type { TextFile } from "./repository.ts";

// This room holds the forbidden words themselves.
const LAWS = /^test\/laws\//;

function everyMatch(files: readonly TextFile[], patterns: readonly RegExp[], applies: (path: string) => boolean = () => true): Violation[] {
  return files
    .filter(({ path }) => applies(path) && !LAWS.test(path.replace(/planted/, "")))
    .flatMap(({ path, text }) =>
      text.split("\n").flatMap((line, index) => {
        const found = patterns.map((pattern) => pattern.exec(line)?.[0]).find((match) => match !== undefined);
        return found === undefined ? [] : [`${path}:${index + 1}: ${found}`];
      }),
    );
}

textLaw("Nothing is left for later: no TODO, no stub, no excuse", {
  check: (files) =>
    everyMatch(
      files,
      [/\b(TODO|FIXME|XXX|HACK)\b/, /\bnot (yet )?implemented\b/i, /\bin production,? (you|this|one|we|it) (would|should|could)\b/i],
      (path) => !/\.(yaml|json|sum)$/.test(path),
    ),
  broken: { "packages/ledger/src/planted.ts": "// TODO: later", "docs/planted.md": "In production you would check this." },
});

textLaw("No registry's or proxy's host is written down: every machine has its own", {
  check: (files) =>
    everyMatch(files, [
      /\b(registry\.npmjs\.org|registry\.yarnpkg\.com|proxy\.golang\.org|goproxy\.\w+|pypi\.org|artifactory|npm\.pkg\.github\.com)\b/i,
    ]),
  broken: {
    ".npmrc": `registry=https://registry.${"npmjs"}.org/`,
    "tooling/planted.mjs": `const env = { GOPROXY: "https://proxy.${"golang"}.org" };`,
  },
});

textLaw("No path of a developer's machine is written down", {
  check: (files) =>
    everyMatch(files, [
      /(?<![\w.])\/(work|root|tmp\/dev)\/[\w.-]+/,
      /(?<![\w.])\/(home|Users)\/(?!(you|me|user|ada|alice|bob|dev|runner|ops|someone|operator|agent|ana|kim)\b)[a-z]\w{2,}/,
    ]),
  broken: { "docs/planted.md": `see /${"work"}/main/README.md`, "packages/ledger/src/planted.ts": "// like /home/jsmith/x" },
  kept: { "docs/planted.md": "the file /home/you/infra.yaml" },
});

textLaw("What is written is about the product, and refers to nothing that a reader of the repository does not have", {
  check: (files) =>
    everyMatch(files, [
      /\b(DESIGN|checklist|real-parts|style|mcp|temporal|terraform|remote|runbooks|peers)\.md §/,
      /\bDESIGN §/,
      /\bspec\/0\d\d\b/,
      /\bissue #?\d+\b/i,
      /\bengineer [A-H]\b/,
      /\b(time ?box|our lead|the lead)\b/i,
      /\bCONTRACT\.md\b/,
    ]),
  broken: { "packages/ledger/src/planted.ts": "// see DESIGN §5", "docs/planted.md": "as issue 3 asks" },
});

textLaw("Lock files name versions and checksums, never the address of a tarball", {
  check: (files) =>
    everyMatch(files, [/tarball:/, /"resolved":\s*"(https?|git)/], (path) => /(^|\/)(pnpm-lock\.yaml|package-lock\.json)$/.test(path)),
  broken: {
    "pnpm-lock.yaml": "    resolution: {integrity: sha512-x, tarball: https://example.com/x.tgz}",
    "servers/x/package-lock.json": '      "resolved": "https://example.com/x.tgz",',
  },
});
