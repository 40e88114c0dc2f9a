import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseDefinition } from "@platform-ops/meta-workflow-registry/definition";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { importCommand } from "./import-command.ts";

let folder = "";
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "import-"));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

async function run(name: string, text: string, output?: string): Promise<{ code: number; out: string; err: string }> {
  const file = join(folder, name);
  await writeFile(file, text);
  const seen = { out: "", err: "" };
  const terminal = {
    stdout: (part: string) => void (seen.out += part),
    stderr: (part: string) => void (seen.err += part),
    isTTY: false,
    color: false,
    columns: 80,
  };
  const code = await importCommand.run(
    { positionals: [file], options: output === undefined ? {} : { output } },
    {},
    terminal,
    new AbortController().signal,
  );
  return { code, ...seen };
}

describe("import", () => {
  it("prints the definition, and tells what was changed", async () => {
    const { code, out, err } = await run("wiki.md", "# Clear the queue\n\n1. Look\n\n   ```sh\n   queue list <name>\n   ```\n");
    expect(code).toBe(0);
    expect(parseDefinition(out).definition).toMatchObject({
      id: "clear-the-queue",
      steps: [{ type: "prompt" }, { type: "shell", runs_on: "client" }],
    });
    expect(err).toContain("line 5: `<name>` is the input `name`.\n");
  });

  it("writes a new file, and never over one", async () => {
    const output = join(folder, "workflow.yaml");
    const yaml = "name: x\nversion: 1.0.0\nsteps:\n  - { id: a, type: return, value: 1 }\n";
    expect(await run("x.yaml", yaml, output)).toMatchObject({ code: 0, out: "" });
    const first = await readFile(output, "utf8");
    await expect(run("x.yaml", yaml.replace("value: 1", "value: 2"), output)).rejects.toThrow("exists");
    expect(await readFile(output, "utf8")).toBe(first);
  });

  it("fails with every problem by line, and reads nothing of the environment", async () => {
    const { code, out, err } = await run(
      "x.yaml",
      `name: x\nversion: 1.0.0\nsteps:\n  - { id: a, type: return, value: "{{ env('PATH') }}" }\n  - { id: b, type: shel }\n`,
    );
    expect({ code, out }).toEqual({ code: 1, out: "" });
    expect(err).toMatch(/line 4: error UNTRANSLATED_TEMPLATE/);
    expect(err).toMatch(/line 5: error UNKNOWN_STEP_TYPE: .*Did you mean `shell`\?/);
  });
});
