import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, describe, expect, test } from "vitest";
import {
  builtProviders,
  configuration,
  finish,
  listen,
  mirrorOf,
  WANTS_PROVIDERS,
  workersIn,
  writeWorkspaces,
  type ProviderWorkspace,
} from "../support/providers.ts";
import { openSession, startRun, type Session } from "../support/run.ts";
import { tofuForTests } from "../support/tofu.ts";

const built = builtProviders(process.env);

const CONFIG = `terraform: { tofu_path: ${JSON.stringify(tofuForTests() ?? null)} }
approvals: { auto: [{ environments: ["*"], workspaces: ["*"], changes: [create, outputs] }] }
`;

/** One, seven that take what it has, and six more below each of these: 1 + 7 + 42. */
function fifty(): ProviderWorkspace[] {
  const one = (name: string, from?: string): ProviderWorkspace => {
    const variable = from === undefined ? "" : `of_${from}`;
    const text = from === undefined ? name : `\${var.${variable}}/${name}`;
    return {
      name,
      // Both programs, whatever stands above.
      kind: name.endsWith("2") || name.endsWith("5") ? "tofu" : "terraform",
      ...(from === undefined ? {} : { inputs: { [from]: variable } }),
      hcl: configuration(
        ["local", "time", "trap"],
        `${from === undefined ? "" : `variable "${variable}" { type = string }`}
resource "local_file" "it" {
  filename = "\${path.module}/it.txt"
  content  = "${text}"
}
resource "trap_note" "it" {
  path = "\${path.module}/note.txt"
  text = local_file.it.content
}
resource "time_sleep" "it" { create_duration = "1s" }
output "of_${name}" { value = trap_note.it.text }
`,
      ),
    };
  };
  const branches = Array.from({ length: 7 }, (_, branch) => `b${branch}`);
  const leaves = branches.flatMap((branch) => Array.from({ length: 6 }, (_, leaf) => one(`${branch}_${leaf}`, branch)));
  return [one("root"), ...branches.map((branch) => one(branch, "root")), ...leaves];
}

describe.skipIf(built === undefined)(`fifty workspaces with real providers (${WANTS_PROVIDERS})`, () => {
  let session: Session;
  afterEach(() => session?.remove());

  test("are applied in their order, each once, with what it was given by the one above; then nothing is left to do", async () => {
    session = await openSession(CONFIG);
    const { project } = session.home;
    const { agent } = await listen(session, mirrorOf(built!));
    const workspaces = fifty();
    expect(workspaces).toHaveLength(50);
    await writeWorkspaces(project, workspaces);
    const made = await finish(agent, await startRun(agent));
    expect(made.data["reason"], made.text).toBe("50 applied");
    for (const { name } of workspaces) {
      const path = name === "root" ? "root" : ["root", ...(name.includes("_") ? [name.split("_")[0]] : []), name].join("/");
      expect(await readFile(join(project, name, "note.txt"), "utf8")).toBe(path);
      expect(await readFile(join(project, name, "note.txt.log"), "utf8")).toBe("create\nkept\n");
    }
    const again = await finish(agent, await startRun(agent));
    expect(again.data["reason"], again.text).toBe("50 unchanged");
    expect(workersIn(project)).toEqual([]);
  });
});
