import { chmod, copyFile, mkdir, mkdtemp, readFile, realpath, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { parseAllDocuments } from "yaml";
import { KUBECTL, KUBECTL_MISSING } from "../support/kube-api/kubectl.ts";
import { goodFiles } from "../support/kube-api/manifests.ts";
import type { KubeObject } from "../support/kube-api/object-store.ts";
import { startStandInCluster } from "../support/kube-api/stand-in-cluster.ts";
import { childEnv, REPOSITORY, TERRAFORM_BIN } from "../support/mcp-client.ts";
import { until } from "../support/processes.ts";
import { PUBLISHED_BINS } from "../support/published-bins.ts";
import { PYTHON } from "../support/python.ts";
import { openTerminal } from "../support/terminal.ts";
import { follow, stepsOf, type TutorialStep } from "../support/tutorial.ts";
import { runBuilt } from "../../tooling/run-built.ts";

// The tutorials from start to end, each in an empty folder, by a person who has nothing but the commands and a terminal.

let shared: string;

beforeAll(async () => {
  shared = await realpath(await mkdtemp(join(tmpdir(), "platform-ops-tutorials-")));
  await mkdir(join(shared, "bin"));
  for (const { server, bin } of PUBLISHED_BINS) {
    const command = join(shared, "bin", `${server}-mcp`);
    await writeFile(command, `#!/bin/sh\nexec '${process.execPath}' '${bin}' "$@"\n`);
    await chmod(command, 0o755);
  }
  if (KUBECTL_MISSING === undefined) await symlink(KUBECTL, join(shared, "bin/kubectl"));
});
afterAll(() => rm(shared, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 }));

const read = async (name: string): Promise<TutorialStep[]> => stepsOf(await readFile(join(REPOSITORY, "docs", `${name}.md`), "utf8"));

/** What a person's shell has who was never here before. */
function envOf(home: string): Record<string, string> {
  const { PATH, PLATFORM_OPS_CACHE = join(process.env["HOME"] ?? "", ".cache/platform-ops") } = childEnv();
  return { PATH: `${join(shared, "bin")}:${PATH}`, HOME: home, PLATFORM_OPS_CACHE, LANG: "C.UTF-8", NO_COLOR: "1" };
}

/** Does all of a tutorial; resolves to how many things that were. */
async function done(name: string, prepare: (home: string, folder: string) => Promise<void> = async () => undefined): Promise<number> {
  const home = await mkdtemp(join(shared, `${basename(name)}-`));
  const folder = join(home, "work");
  await mkdir(folder);
  await prepare(home, folder);
  const steps = await read(name);
  try {
    await using terminal = await openTerminal({ cwd: folder, env: envOf(home) });
    await follow(steps, terminal, folder);
    return steps.length;
  } finally {
    // What a tutorial that broke off has left.
    await runBuilt(TERRAFORM_BIN, ["supervisor", "stop"], { HOME: home }, () => undefined).catch(() => undefined);
  }
}

// Each mostly waits: they go on at the same time.
describe.concurrent("tutorials", () => {
  test.for(["tutorials/first-dag", "tutorials/first-runbook"])("%s", async (name, { skip }) => {
    skip(PYTHON === undefined, "there is no Python for a terminal");
    expect(await done(name)).toBeGreaterThan(10);
  });

  test("a backup, and its restore: a run that waits for an approval still waits for it", async ({ skip }) => {
    skip(PYTHON === undefined, "there is no Python for a terminal");
    const aRunThatWaits = async (home: string, folder: string): Promise<void> => {
      for (const step of (await read("tutorials/first-dag")).slice(0, 3))
        if (step.does === "write") {
          await mkdir(dirname(join(folder, step.path)), { recursive: true });
          await writeFile(join(folder, step.path), step.text);
        }
      await using terminal = await openTerminal({ cwd: folder, env: envOf(home) });
      await terminal.run("terraform-mcp setup && terraform-mcp run --no-wait", []);
      await until(async () => (await terminal.run("terraform-mcp approvals", [])).output.includes("apr_"), "the request");
    };
    expect(await done("operations/backup", aRunThatWaits)).toBeGreaterThan(10);
  });

  test("first-diagnosis", async ({ skip }) => {
    skip(PYTHON === undefined, "there is no Python for a terminal");
    skip(KUBECTL_MISSING !== undefined, KUBECTL_MISSING);
    const cluster = await startStandInCluster();
    try {
      await cluster.commit("app", goodFiles("1"), "first");
      // The stand-in takes what `kubectl apply` sends by another way, and has a git of its own.
      const written = (await read("tutorials/first-diagnosis")).find((step) => step.does === "write" && step.path === "broken.yaml");
      const objects = parseAllDocuments((written as { text: string }).text).map((document) => document.toJS() as KubeObject);
      const own = objects.map((object) =>
        object.kind === "GitRepository"
          ? { ...object, spec: { ...object.spec, url: cluster.gitUrl("app"), ref: { branch: "main" } } }
          : object,
      );
      await cluster.apply(own);
      await until(
        () => JSON.stringify(cluster.api.store.find("Kustomization", "apps", "app")?.status ?? {}).includes("path not found"),
        "Flux to fail",
      );
      const prepare = async (home: string): Promise<void> => {
        await mkdir(join(home, ".kube"));
        await copyFile(cluster.kubeconfig, join(home, ".kube/config"));
      };
      expect(await done("tutorials/first-diagnosis", prepare)).toBeGreaterThan(7);
    } finally {
      await cluster.stop();
    }
  });
});

describe("a tutorial that says something else than happens", () => {
  const talk = (text: string): string => `# T\n\n\`\`\`console\n${text}\n\`\`\`\n`;

  test.each([
    ["shows another line", "$ echo one\ntwo", /line 4: echo one\ndid not show: two/],
    ["shows lines in another order", "$ printf 'one\\ntwo\\n'\ntwo\none", /did not show: one/],
    ["runs what fails", "$ false", /ended with 1/],
  ])("is found out: %s", async (_, text, words) => {
    await using terminal = await openTerminal({ cwd: shared, env: envOf(shared) });
    await expect(follow(stepsOf(talk(text)), terminal, shared)).rejects.toThrow(words);
  });

  test("is found out: a block that is only to be looked at", () => {
    expect(() => stepsOf("Like this:\n\n```yaml\na: 1\n```\n")).toThrow(/neither a file nor a talk/);
  });
});
