import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterEach, describe, expect, test } from "vitest";
import { builtProviders, configuration, finish, listen, mirrorOf, put, WANTS_PROVIDERS, writeWorkspaces } from "../support/providers.ts";
import { tofuForTests } from "../support/tofu.ts";
import { openSession, phases, startRun, statusWhen, workspace, type Session } from "../support/run.ts";

const execute = promisify(execFile);
const built = builtProviders(process.env);

const words = (version: string): string =>
  configuration(
    ["trap"],
    'data "trap_words" "found" {\n  say = "x"\n  times = 1\n}\noutput "by" { value = data.trap_words.found.by }',
    version,
  );

/** Upgrades the lock file, as a person would by hand. */
async function upgrade(kind: "terraform" | "tofu", dir: string): Promise<void> {
  const program = kind === "tofu" ? (tofuForTests() ?? "tofu") : "terraform";
  await execute(program, ["init", "-upgrade"], { cwd: dir, env: { ...process.env, ...mirrorOf(built!) } });
}

describe.skipIf(built === undefined)(`versions of a provider (${WANTS_PROVIDERS})`, () => {
  let session: Session;
  afterEach(() => session?.remove());

  test.each(["terraform", "tofu"] as const)("%s: the lock file decides, and only a person changes it", async (kind) => {
    session = await openSession(kind === "tofu" ? `terraform: { tofu_path: ${JSON.stringify(tofuForTests())} }\n` : "");
    const { project } = session.home;
    const { agent } = await listen(session, mirrorOf(built!));
    const [dir, lock] = [join(project, "a"), join(project, "a/.terraform.lock.hcl")];
    const write = async (version: string): Promise<void> => await writeWorkspaces(project, [{ name: "a", kind, hcl: words(version) }]);
    const by = async (id: string): Promise<unknown> => (await agent.call("get_outputs", { workflow_id: id })).data["outputs"];

    await write("~> 1.0");
    let id = await startRun(agent);
    const first = await finish(agent, id);
    expect(phases(first), first.text).toEqual({ a: "applied" });
    expect(await by(id)).toMatchObject([{ name: "by", json: '"1.0.0"' }]);
    const locked = await readFile(lock, "utf8");
    expect(locked).toMatch(/version\s+= "1\.0\.0"/);

    // A newer version that the lock file does not allow, though the configuration would.
    await write(">= 1.0");
    const held = await finish(agent, await startRun(agent));
    expect(phases(held), held.text).toEqual({ a: "unchanged" });
    expect(await readFile(lock, "utf8")).toBe(locked);

    // One that the configuration wants against the lock file: told with its cure; the file stays what it was.
    await write("~> 2.0");
    const refused = await finish(agent, await startRun(agent));
    expect(workspace(refused, "a"), refused.text).toMatchObject({
      phase: "failed",
      error: {
        code: "invalid_config",
        message: expect.stringContaining("locked provider"),
        hint: expect.stringContaining("`init -upgrade`"),
      },
    });
    expect(await readFile(lock, "utf8")).toBe(locked);

    // A person upgrades it: what the newer provider says is planned, and asked for.
    await upgrade(kind, dir);
    id = await startRun(agent);
    await statusWhen(agent, id, (data) => data["phase"] === "awaiting_approval");
    expect((await agent.call("get_plan", { workflow_id: id })).text).toContain('~ output by = "2.0.0"');

    // The lock file changes between plan and approval: what was approved is not applied.
    const upgraded = await readFile(lock, "utf8");
    await put(lock, upgraded.replace(/"h1:[^"]*"/, `"h1:${"A".repeat(43)}="`));
    const changed = await finish(agent, id);
    expect(phases(changed), changed.text).toEqual({ a: "failed" });
    // And a package of which it does not know the sum is not run at all.
    const strange = await finish(agent, await startRun(agent));
    expect(workspace(strange, "a"), strange.text).toMatchObject({
      phase: "failed",
      error: { code: "invalid_config", hint: expect.stringMatching(/^The lock file does not know this package/) },
    });

    await put(lock, upgraded);
    id = await startRun(agent);
    const last = await finish(agent, id);
    expect(phases(last), last.text).toEqual({ a: "applied" });
    expect(await by(id)).toMatchObject([{ name: "by", json: '"2.0.0"' }]);
  });
});
