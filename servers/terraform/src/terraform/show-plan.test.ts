import { chmod } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, expect, test } from "vitest";

import { planWorkspace } from "./plan.ts";
import type { ProgramRef } from "./step.ts";
import { inputs, WorkspaceFixture } from "./workspace.test-support.ts";

// A program that plans as terraform does where a provider refuses, since no builtin one refuses with the words of its secrets.

let fixture: WorkspaceFixture;
afterEach(() => fixture.remove());

const REFUSED = "a-literal, kept-by-the-state, given-1 and an open word are refused";

const PROGRAM = `#!/bin/sh
case "$1" in
  plan)
    for word in "$@"; do case "$word" in -out=*) [ -e writes-no-file ] || echo plan > "\${word#-out=}" ;; esac; done
    echo '{"@level":"error","type":"diagnostic","diagnostic":{"severity":"error","summary":"Refused","detail":"${REFUSED}"}}'
    exit 1 ;;
  show) cat plan.json ;;
  *) exit 9 ;;
esac
`;

const PLAN = {
  format_version: "1.2",
  errored: true,
  variables: {},
  configuration: {
    root_module: {
      variables: { given: { default: "given-0" } },
      resources: [
        { address: "acme_db.it", expressions: { name: { constant_value: "an open word" }, pin_wo: { constant_value: "a-literal" } } },
      ],
    },
  },
  prior_state: {
    values: {
      root_module: { resources: [{ address: "acme_db.it", values: { word: "kept-by-the-state" }, sensitive_values: { word: true } }] },
    },
  },
};

async function refusal(files: Readonly<Record<string, string>>): Promise<Error> {
  const program: ProgramRef = { kind: "terraform", path: "", version: "1.11.4", digest: "0" };
  fixture = await WorkspaceFixture.create(program, process.env, { "main.tf": "", program: PROGRAM, ...files });
  const path = join(fixture.dir, "program");
  await chmod(path, 0o700);
  const planning = planWorkspace(fixture.context({ program: { ...program, path } }), inputs({ variables: { given: '"given-1"' } }));
  return await planning.then(
    () => expect.fail("it planned"),
    (error: Error) => error,
  );
}

test("what a plan that failed was made from is masked in its words", async () => {
  const error = await refusal({ "plan.json": JSON.stringify(PLAN) });
  expect(error.message).toContain("Refused: [redacted], [redacted], [redacted] and an open word are refused");
});

test("a failure is told where no file was written, or the program cannot show it", async () => {
  expect((await refusal({ "writes-no-file": "" })).message).toContain(REFUSED);
  await fixture.remove();
  expect((await refusal({ "plan.json": "no JSON" })).message).toContain(REFUSED);
});
