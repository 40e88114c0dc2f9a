import { afterAll, beforeAll, expect, test } from "vitest";
import { openRunbooks, type Runbooks } from "../support/runbooks.ts";

// A run's calls are made with the variables of the client that started it, not with those of whoever started the worker.

const PRINTS = `
schema: meta-workflow/v1
id: prints
name: Prints
version: 1.0.0
status: active
secrets: [token]
inputs: { folder: string }
steps:
  - { id: print, type: shell, argv: [sh, -c, 'printf "%s %s" "$WHO" "\${#TOKEN}"'], cwd: "\${{ inputs.folder }}", retry: 1, env: { TOKEN: "\${{ secrets.token }}" }, effects: read }
output: "\${{ steps.print.output.stdout }}"
`;

let books: Runbooks;
beforeAll(async () => {
  books = await openRunbooks({
    definitions: { "prints.yaml": PRINTS },
    settings: { programs: ["sh"], working_directories: ["project"], variables: ["WHO"], secrets: { token: { env: "PRINTS_TOKEN" } } },
  });
}, 60_000);
afterAll(() => books?.close());

test("each run has the variables and the secrets of its client", async () => {
  const of = (WHO: string, PRINTS_TOKEN: string) => books.agent({ env: { WHO, PRINTS_TOKEN }, clientName: WHO });
  const ann = await of("ann", "four");
  const inputs = { folder: books.home.project };
  const first = await ann.call("start_workflow", { workflow_name: "prints", workflow_id: "of-ann", inputs });
  const bob = await of("bob", "twelve-chars");
  const second = await bob.call("start_workflow", { workflow_name: "prints", workflow_id: "of-bob", inputs });
  expect([first.data["result"], second.data["result"]], first.text).toEqual(["ann 4", "bob 12"]);
});
