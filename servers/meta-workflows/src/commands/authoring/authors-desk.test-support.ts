import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { realpathSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import type { Command, CommandInput, Terminal } from "@platform-ops/ledger";
import type { MetaWorkflowsDeps } from "../../deps.ts";
import { openLibrary } from "../../library/open-library.ts";

export const SHIPPED = join(import.meta.dirname, "../../../../../meta-workflows");

/** A folder in which an author works, and a terminal. */
export interface AuthorsDesk {
  readonly folder: string;
  write(path: string, text: string): Promise<void>;
  run(
    command: Pick<Command, "run">,
    positionals: string[],
    options?: CommandInput["options"],
    answers?: readonly string[],
  ): Promise<{ readonly code: number; readonly out: string; readonly err: string }>;
  remove(): Promise<void>;
}

/** Opens one. `shipped` is what the server itself has; nothing where it is not said. */
export async function openDesk({ shipped }: { readonly shipped?: string } = {}): Promise<AuthorsDesk> {
  const folder = realpathSync(await mkdtemp(join(tmpdir(), "authors-desk-")));
  const settings = { meta_workflows: { definitions_path: [] } };
  const config = {
    cwd: folder,
    settings,
    name: "meta-workflows-mcp",
    version: "0.0.0",
    path: process.env["PATH"] ?? "",
    homeFolder: folder,
    user: "ann",
  };
  const library = openLibrary({ shipped: shipped ?? join(folder, "shipped"), settings: { definitions_path: [] } });
  const deps = { config, library } as unknown as MetaWorkflowsDeps;
  return {
    folder,
    async write(path, text) {
      await mkdir(dirname(join(folder, path)), { recursive: true });
      await writeFile(join(folder, path), text);
    },
    async run(command, positionals, options = {}, answers) {
      const said = { out: "", err: "" };
      const left = [...(answers ?? [])];
      const terminal: Terminal = {
        stdout: (text) => void (said.out += text),
        stderr: (text) => void (said.err += text),
        isTTY: answers !== undefined,
        color: false,
        columns: 100,
        ...(answers === undefined ? {} : { ask: (question: string) => ((said.err += question), Promise.resolve(left.shift() ?? "")) }),
      };
      const code = await command.run({ positionals, options }, deps, terminal, new AbortController().signal);
      return { code, ...said };
    },
    remove: () => rm(folder, { recursive: true, force: true }),
  };
}

/** A small definition: one prompt, and a check of what it says. */
export const GREETING = `schema: meta-workflow/v1
id: greeting
name: Greeting
version: 1.0.0
status: active
triggers: { phrases: ["greet somebody"] }
inputs: { type: object, additionalProperties: false, required: [who], properties: { who: { type: string, minLength: 2 } } }
steps:
  - id: greet
    type: prompt
    instructions: "Greet \${{ inputs.who }}."
    result: { type: object, additionalProperties: false, required: [words], properties: { words: { type: string, minLength: 3 } } }
  - id: done
    type: return
    value: { words: "\${{ steps.greet.output.words }}" }
`;

export const HAPPY = `scenario: somebody is greeted
workflow: greeting
inputs: { who: Ann }
agents: { one: { does: [{ when: greet, submit: { words: Hello Ann } }] } }
expect: { end: completed, output: { words: Hello Ann }, order: [greet, done] }
`;
