import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, expect, test } from "vitest";
import { AUTO_CONFIG, effects, writeProject } from "../support/home.ts";
import { pidOf, until } from "../support/processes.ts";
import { ended, openSession, startRun, statusWhen, workspace, type Session } from "../support/run.ts";

// Whose variables a run works with, and how it goes on when they have expired.

let session: Session;
afterEach(() => session.remove());

/** HCL that writes what a provisioner sees of its environment into `seen/<name>`. */
const writes = (project: string, name: string): string => `
resource "terraform_data" "seen" {
  provisioner "local-exec" {
    command = "echo \\"$TF_VAR_account|$AWS_PROFILE|$AWS_ACCESS_KEY_ID|$AWS_SESSION_TOKEN|$TEMPORAL_CANARY|$AWS_CANARY\\" >> '${join(project, name)}.seen'"
  }
}`;

test("a run with expired credentials waits, names the cure, and goes on after it with its own programs and variables", async () => {
  session = await openSession(AUTO_CONFIG);
  const { home, connect } = session;
  await writeProject(home.project, [{ name: "a", more: writes(home.project, "a") }]);
  const old = {
    AWS_ACCESS_KEY_ID: "key-of-old",
    AWS_SECRET_ACCESS_KEY: "s-old-0123",
    AWS_SESSION_TOKEN: "t-old-0123",
    AWS_CREDENTIAL_EXPIRATION: "2020-01-01T00:00:00Z",
    TF_VAR_account: "blue",
  };
  const agent = await connect({ env: old });
  const id = await startRun(agent);
  const blocked = await statusWhen(agent, id, (data) => data["phase"] === "blocked");
  expect(workspace(blocked, "a")).toMatchObject({
    phase: "credentials",
    because: "credentials are missing or expired",
    error: { code: "credentials" },
  });
  expect(blocked.text).toContain("AWS_CREDENTIAL_EXPIRATION");
  expect(blocked.text).toMatch(new RegExp(`Next: .*PLATFORM_OPS_HOME=${home.home} .*bin\\.js refresh-credentials ${id}`));
  expect(await effects(home.project, "a")).toBe(0);

  // Handing over what has expired as well changes nothing; the second renewal starts from the first.
  expect(await home.run(["refresh-credentials", id], old)).toContain("AWS_CREDENTIAL_EXPIRATION");
  await statusWhen(agent, id, (data) => data["phase"] === "blocked");
  const said = await home.run(["refresh-credentials", id], {
    AWS_ACCESS_KEY_ID: "key-of-new",
    AWS_SECRET_ACCESS_KEY: "s-new-0123",
    TF_VAR_account: "red",
  });
  expect(said).toMatch(/goes on .*: AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY$/m);
  expect(said).not.toContain("s-new-0123");
  const done = await ended(agent, id);
  expect(done.data["phase"], done.text).toBe("completed");
  expect(await readFile(join(home.project, "a.seen"), "utf8")).toBe("blue||key-of-new|||\n");
});

test("credentials renewed while a decision is awaited: the approved plan is applied with the new ones", async () => {
  session = await openSession("");
  const { home, connect } = session;
  await writeProject(home.project, [{ name: "a", more: writes(home.project, "a") }]);
  const agent = await connect({ env: { AWS_PROFILE: "old", TF_VAR_account: "blue" } });
  const id = await startRun(agent);
  await statusWhen(agent, id, (data) => data["phase"] === "awaiting_approval");
  await home.run(["refresh-credentials", id], { AWS_PROFILE: "first" });
  await home.run(["refresh-credentials", id], { AWS_PROFILE: "second" });
  await agent.call("request_approval", { workflow_id: id });
  const done = await ended(agent, id);
  expect(done.data["phase"], done.text).toBe("completed");
  expect(await readFile(join(home.project, "a.seen"), "utf8")).toBe("blue|second||||\n");
});

test("two clients, two accounts, one worker: each run sees its own variables, and nothing of the worker's", async () => {
  session = await openSession(AUTO_CONFIG);
  const { home, connect } = session;
  await writeProject(
    home.project,
    ["a", "b"].map((name) => ({
      name,
      seconds: 1,
      more: `${writes(home.project, name)}
variable "account" { type = string }
output "account" { value = var.account }`,
    })),
  );
  // Whoever comes first starts supervisor and worker, which keep some of its variables.
  const first = await connect({
    env: { TEMPORAL_CANARY: "leaked", AWS_CANARY: "of-first", AWS_PROFILE: "first", TF_VAR_account: "blue" },
    clientName: "first",
  });
  const second = await connect({ env: { AWS_PROFILE: "second", TF_VAR_account: "red" }, clientName: "second" });
  const ids = [
    await startRun(first, { config_path: "infra.yaml", only: ["a"] }),
    await startRun(second, { config_path: "infra.yaml", only: ["b"] }),
  ] as const;
  const [a, b] = [await ended(first, ids[0]), await ended(second, ids[1])];
  expect([a.data["phase"], b.data["phase"]], `${a.text}\n${b.text}`).toEqual(["completed", "completed"]);
  expect(await readFile(join(home.project, "a.seen"), "utf8")).toBe("blue|first||||of-first\n");
  expect(await readFile(join(home.project, "b.seen"), "utf8")).toBe("red|second||||\n");
  for (const [agent, id, account] of [
    [first, ids[0], "blue"],
    [second, ids[1], "red"],
  ] as const) {
    const outputs = await agent.call("get_outputs", { workflow_id: id });
    expect(outputs.data["outputs"].find((o: { name: string }) => o.name === "account").json).toBe(JSON.stringify(account));
  }
  for (const part of ["supervisor", "worker"] as const) {
    const surroundings = await readFile(`/proc/${await until(() => pidOf(home.home, part), part)}/environ`, "utf8");
    expect(surroundings).toContain("TEMPORAL_CANARY=leaked");
    expect(surroundings).not.toMatch(/TF_VAR_|AWS_/);
  }
});
