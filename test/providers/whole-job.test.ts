import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, describe, expect, test } from "vitest";
import type { ToolAnswer } from "../support/mcp-client.ts";
import {
  builtProviders,
  configuration,
  filesWith,
  finish,
  listen,
  mirrorOf,
  put,
  WANTS_PROVIDERS,
  writeWorkspaces,
} from "../support/providers.ts";
import { openSession, phases, startRun, statusWhen, workspace, type Session } from "../support/run.ts";
import { tofuForTests } from "../support/tofu.ts";

const built = builtProviders(process.env);

/** A file (local), a note (trap), a secret, something that takes its time (time), and what was found out. */
const base = (text: string, note: string): string =>
  configuration(
    ["local", "time", "trap"],
    `
resource "local_file" "text" {
  filename = "\${path.module}/text.txt"
  content  = "${text}"
}
resource "trap_note" "note" {
  path = "\${path.module}/${note}"
  text = "as planned"
}
resource "trap_secret" "made" {}
resource "time_sleep" "a_while" { create_duration = "1s" }
data "trap_words" "found" {
  say   = "ho "
  times = 3
}
output "said" { value = data.trap_words.found.said }
output "hidden" {
  value     = trap_secret.made.value
  sensitive = true
}
`,
  );

/** Puts the other's secret into a file, and reads it back. */
const ABOVE = configuration(
  ["local"],
  `
variable "hidden" {
  type      = string
  sensitive = true
}
resource "local_file" "hidden" {
  filename          = "\${path.module}/hidden.txt"
  sensitive_content = var.hidden
}
data "local_file" "back" { filename = local_file.hidden.filename }
output "length" { value = length(data.local_file.back.content) }
`,
);

/** What a plan says of its resources: `{"local_file.text": "replace"}`. */
function actions(plan: ToolAnswer, kind: string): Record<string, string> {
  const changes = plan.data["changes"] as { kind: string; address: string; action: string }[];
  return Object.fromEntries(changes.filter((change) => change.kind === kind).map(({ address, action }) => [address, action]));
}

describe.skipIf(built === undefined)(`a whole job with real providers (${WANTS_PROVIDERS})`, () => {
  let session: Session;
  afterEach(() => session?.remove());

  test.each(["terraform", "tofu"] as const)(
    "%s: plan, approve, apply, outputs, drift, replacement, nothing left to do, destroy",
    async (kind) => {
      session = await openSession(kind === "tofu" ? `terraform: { tofu_path: ${JSON.stringify(tofuForTests())} }\n` : "");
      const { project, home } = session.home;
      const { agent, heard } = await listen(session, mirrorOf(built!));
      const write = async (text: string, note: string): Promise<void> =>
        await writeWorkspaces(project, [
          { name: "base", kind, hcl: base(text, note) },
          { name: "above", kind, hcl: ABOVE, inputs: { base: "hidden" } },
        ]);
      const waiting = async (id: string): Promise<ToolAnswer> => {
        await statusWhen(agent, id, (data) => data["phase"] === "awaiting_approval");
        return await agent.call("get_plan", { workflow_id: id });
      };

      await write("one", "note.txt");
      let id = await startRun(agent);
      const first = await waiting(id);
      expect(actions(first, "resource"), first.text).toEqual({
        "local_file.text": "create",
        "time_sleep.a_while": "create",
        "trap_note.note": "create",
        "trap_secret.made": "create",
      });
      expect(first.text).toContain("value: (none) → (known after apply)");
      expect(first.text).not.toContain("sensitive_content");
      expect(first.text).toContain('+ output said = "ho ho ho "');
      const made = await finish(agent, id);
      expect(phases(made), made.text).toEqual({ base: "applied", above: "applied" });
      const outputs = await agent.call("get_outputs", { workflow_id: id });
      expect(outputs.data["outputs"], outputs.text).toMatchObject([
        { workspace: "base", name: "hidden", sensitive: true, json: '"(sensitive)"' },
        { workspace: "base", name: "said", json: '"ho ho ho "' },
        { workspace: "above", name: "length", json: "33" },
      ]);
      const state = JSON.parse(await readFile(join(project, "base/terraform.tfstate"), "utf8")) as {
        outputs: { hidden: { value: string } };
      };
      const secret = state.outputs.hidden.value;
      expect(await readFile(join(project, "above/hidden.txt"), "utf8")).toBe(secret);

      // A note that was changed by hand, and has to move; a file whose text changes, which its provider can only make anew.
      await write("two", "other.txt");
      await put(join(project, "base/note.txt"), "by hand");
      id = await startRun(agent);
      const second = await waiting(id);
      expect(actions(second, "resource"), second.text).toEqual({ "local_file.text": "replace", "trap_note.note": "replace" });
      expect(actions(second, "drift"), second.text).toEqual({ "trap_note.note": "update" });
      expect(second.text).toMatch(/-\/\+ local_file\.text .*\n\s+content: "one" → "two" {2}# forces replacement/);
      expect(second.text).toMatch(
        /Changed outside of \w+ since its last run \(1\):\n\s+~ trap_note\.note\n\s+text: "as planned" → "by hand"/,
      );
      const replaced = await finish(agent, id);
      expect(phases(replaced), replaced.text).toEqual({ base: "applied", above: "unchanged" });
      expect(workspace(replaced, "base").counts).toMatchObject({ add: 0, change: 0, destroy: 0, replace: 2 });
      // The person who approved was told what it destroys.
      expect(heard()).toMatch(/2 to replace\. DESTROYS 2\./);
      expect(await readFile(join(project, "base/note.txt.log"), "utf8")).toBe("create\nkept\ndelete\n");

      const third = await finish(agent, await startRun(agent));
      expect(phases(third), third.text).toEqual({ base: "unchanged", above: "unchanged" });

      const started = await agent.call("destroy_workspaces", { config_path: "infra.yaml", only: ["above", "base"] });
      const destroyed = await finish(agent, started.data["workflow_id"] as string);
      expect(destroyed.data["phase"], destroyed.text).toBe("completed");
      expect(await readFile(join(project, "base/other.txt.log"), "utf8")).toBe("create\nkept\ndelete\n");
      expect(["base/other.txt", "base/text.txt", "above/hidden.txt"].filter((file) => existsSync(join(project, file)))).toEqual([]);

      expect(heard()).not.toContain(secret);
      expect(await filesWith(home, [secret])).toEqual([]);
    },
  );
});
