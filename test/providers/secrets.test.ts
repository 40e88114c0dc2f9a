import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, describe, expect, test } from "vitest";
import {
  builtProviders,
  configuration,
  filesWith,
  finish,
  listen,
  mirrorOf,
  WANTS_PROVIDERS,
  writeWorkspaces,
} from "../support/providers.ts";
import { openSession, phases, startRun, workspace, type Session } from "../support/run.ts";
import { tofuForTests } from "../support/tofu.ts";

const built = builtProviders(process.env);

const CONFIG = `terraform: { tofu_path: ${JSON.stringify(tofuForTests() ?? null)} }
approvals: { auto: [{ environments: ["*"], workspaces: ["*"], changes: [create, update, outputs] }] }
`;

const note = (rest: string): string =>
  `resource "trap_note" "note" {\n  path = "\${path.module}/note.txt"\n  text = "text"\n  ${rest}\n}\n`;

const LITERAL = "LITERAL-given-to-write-only";
const GIVEN = "GIVEN-by-infra-yaml";
const DEFAULT = "DEFAULT-of-a-variable";

const ephemeralVariable = (name: string, more = ""): string => `variable "${name}" {\n  type = string\n  ephemeral = true\n  ${more}\n}\n`;

/** A secret that the state keeps, and that the provider says when it is asked to look again. */
const KEPT = `resource "trap_secret" "made" {}
${note('on_read = "fail:${trap_secret.made.value} is not known here"')}
output "hidden" {
  value     = trap_secret.made.value
  sensitive = true
}
`;

describe.skipIf(built === undefined)(`what nobody may learn from a provider (${WANTS_PROVIDERS})`, () => {
  let session: Session;
  afterEach(() => session?.remove());

  test.each(["terraform", "tofu"] as const)(
    "%s: write-only arguments, ephemeral values and secrets stand in no plan, journal, artifact or answer",
    async (kind) => {
      session = await openSession(CONFIG);
      const { project, home } = session.home;
      const { agent, heard } = await listen(session, mirrorOf(built!));
      const literal = (trap: string): string => configuration(["trap"], note(`password_wo = "${LITERAL}"\n  ${trap}`));
      const written = `
ephemeral "trap_token" "made" {}
${ephemeralVariable("given")}${ephemeralVariable("default", `default = "${DEFAULT}"`)}
`;
      await writeWorkspaces(project, [
        { name: "silent", kind, hcl: literal("") },
        { name: "warned", kind, hcl: literal('on_plan = "warn:PASSWORD is short"') },
        { name: "planned", kind, hcl: literal('on_plan = "fail:PASSWORD is short"') },
        { name: "applied", kind, hcl: literal('on_create = "fail:PASSWORD is short"') },
        {
          name: "token",
          kind,
          hcl: configuration(["trap"], `${written}${note("password_wo = ephemeral.trap_token.made.value")}`),
          variables: { given: GIVEN },
        },
        {
          name: "given",
          kind,
          hcl: configuration(["trap"], `${written}${note('password_wo = var.given\n  on_create = "fail:PASSWORD is short"')}`),
          variables: { given: GIVEN },
        },
        {
          name: "default",
          kind,
          hcl: configuration(["trap"], `${written}${note('password_wo = "${var.default}"\n  on_plan = "fail:PASSWORD is short"')}`),
          variables: { given: GIVEN },
        },
        { name: "blurt", kind, hcl: configuration(["trap"], 'resource "trap_secret" "made" { blurt = true }') },
        { name: "kept", kind, hcl: configuration(["trap"], KEPT) },
        {
          name: "mapped",
          kind,
          hcl: configuration(["trap"], `variable "hidden" { type = string }\n${note('on_plan = "fail:${var.hidden} is no word"')}`),
          inputs: { kept: "hidden" },
        },
      ]);
      const first = await finish(agent, await startRun(agent));
      expect(phases(first), first.text).toEqual({
        silent: "applied",
        warned: "applied",
        planned: "failed",
        applied: "partial",
        token: "applied",
        given: "partial",
        default: "failed",
        blurt: "partial",
        kept: "applied",
        mapped: "failed",
      });
      // Masked, and nothing more than that.
      for (const name of ["planned", "applied", "given", "default"])
        expect(workspace(first, name).error?.message, name).toContain("[redacted] is short");
      expect(workspace(first, "blurt").error?.message).toContain("It is [redacted].");
      expect(workspace(first, "mapped").error?.message).toContain("[redacted] is no word");
      const warned = await agent.call("get_plan", { workflow_id: first.data["workflow_id"], workspace: "warned" });
      expect(warned.text).toContain("[redacted] is short");
      for (const name of Object.keys(phases(first)))
        await agent.call("get_plan", { workflow_id: first.data["workflow_id"], workspace: name });
      await agent.call("get_outputs", { workflow_id: first.data["workflow_id"] });

      const second = await finish(agent, await startRun(agent));
      expect(phases(second), second.text).toMatchObject({ silent: "unchanged", warned: "unchanged", token: "unchanged", kept: "failed" });
      expect(workspace(second, "kept").error?.message).toContain("[redacted] is not known here");

      const state = JSON.parse(await readFile(join(project, "kept/terraform.tfstate"), "utf8")) as {
        outputs: { hidden: { value: string } };
      };
      const words = [LITERAL, GIVEN, DEFAULT, "EPHEMERAL-", "SECRET-", state.outputs.hidden.value];
      expect(words.filter((word) => heard().includes(word))).toEqual([]);
      expect(await filesWith(home, words)).toEqual([]);
      // The search finds what is there.
      expect(await filesWith(join(project, "kept"), [state.outputs.hidden.value])).not.toEqual([]);
    },
  );
});
