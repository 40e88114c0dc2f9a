import { mkdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { startAgent } from "../support/mcp-client.ts";
import { newHome } from "../support/home.ts";
import { eventsOf } from "./history.ts";
import { median, processTime, report } from "./measure.ts";
import { terragrunt } from "./terragrunt.ts";

/** Policy of the measurement: everything is approved by rule, so that no person's time is in it. */
export const AUTO = `
terraform: { parallelism: 4 }
approvals:
  auto:
    - { environments: ["*"], workspaces: ["*"], changes: [create, update, outputs, replace, delete] }
`;

interface Shape {
  readonly wide: number;
  readonly deep: number;
}

/** A DAG of `wide × deep` workspaces, each level needing the same place of the level above; no provider, no effect. */
async function writeDag(folder: string, { wide, deep }: Shape): Promise<string[][]> {
  const levels: string[][] = [];
  const workspaces: object[] = [];
  for (let level = 0; level < deep; level += 1) {
    levels.push([]);
    for (let i = 0; i < wide; i += 1) {
      const name = `w${level}-${i}`;
      const need = level === 0 ? undefined : `w${level - 1}-${i}`;
      await mkdir(join(folder, name), { recursive: true });
      await writeFile(
        join(folder, name, "main.tf"),
        `variable "from" {\n  type    = string\n  default = "root"\n}\nresource "terraform_data" "it" {\n  input = "\${var.from}/${name}"\n}\noutput "id" {\n  value = terraform_data.it.output\n}\n`,
      );
      workspaces.push({
        name,
        dir: join(folder, name),
        ...(need === undefined ? {} : { dependsOn: [need], inputs: [{ sourceWorkspace: need, sourceOutput: "id", targetVar: "from" }] }),
      });
      levels[level]?.push(name);
    }
  }
  await writeFile(join(folder, "infra.yaml"), JSON.stringify({ workspaces }));
  return levels;
}

/** The same commands by a shell loop at the same parallelism, level by level: what a person would write. */
async function bare(folder: string, levels: readonly (readonly string[])[]): Promise<number> {
  const one = join(folder, "one.sh");
  await writeFile(
    one,
    `#!/bin/sh
set -e
cd "$1"
terraform init -input=false >/dev/null
from=root
[ -z "$2" ] || from=$(terraform -chdir="$2" output -raw id)
terraform plan -input=false -var "from=$from" -out=tfplan >/dev/null
terraform show -json tfplan >/dev/null
terraform apply -input=false tfplan >/dev/null
terraform output -json >/dev/null
`,
    { mode: 0o755 },
  );
  const levelsOf = levels.map((names, level) =>
    names.map((name, i) => `${join(folder, name)} ${level === 0 ? "''" : join(folder, levels[level - 1]?.[i] ?? "")}`).join("\\n"),
  );
  const script = levelsOf.map((lines) => `printf "${lines}\\n" | xargs -P 4 -L 1 sh ${one}`).join("\n");
  await writeFile(join(folder, "all.sh"), `set -e\n${script}\n`);
  return await processTime("sh", [join(folder, "all.sh")], { cwd: folder });
}

interface Runs {
  /** Milliseconds of each run; the first one made what the others found made. */
  readonly times: readonly number[];
  /** Events in the history of the first. */
  readonly events: number;
}

/** Runs on a worker that is warm: it has run `warmUp` workspaces before. */
async function ours(shape: Shape, runs: number, warmUp: number): Promise<Runs> {
  const home = await newHome({ config: AUTO });
  const agent = await startAgent({ roots: [home.project], home: home.home, env: home.env });
  try {
    await follow(agent, { config: { workspaces: await writeWarmUp(join(home.project, "warm"), warmUp) } });
    await writeDag(home.project, shape);
    const times: number[] = [];
    let first = "";
    for (let i = 0; i < runs; i += 1) {
      const run = await follow(agent, { config_path: "infra.yaml" });
      times.push(run.ms);
      first ||= run.id;
    }
    return { times, events: await eventsOf(home, first) };
  } finally {
    await agent.close();
    await home.remove();
  }
}

async function writeWarmUp(folder: string, count: number): Promise<object[]> {
  const workspaces = Array.from({ length: count }, (_, i) => ({ name: `warm-${i}`, dir: join(folder, String(i)) }));
  for (const { dir } of workspaces) {
    await mkdir(dir, { recursive: true });
    await writeFile(join(dir, "main.tf"), 'resource "terraform_data" "it" {}\n');
  }
  return workspaces;
}

/** From the call to the answer that it is done; not longer than Temporal itself says, since a call that waits looks once a while. */
async function follow(agent: Awaited<ReturnType<typeof startAgent>>, args: Record<string, unknown>): Promise<{ id: string; ms: number }> {
  const started = performance.now();
  const { data, isError, text } = await agent.call("execute_workflow", args);
  if (isError) throw new Error(text);
  const id = String(data["workflow_id"]);
  for (;;) {
    const status = await agent.call("get_workflow_status", { workflow_id: id, wait_seconds: 50 });
    if (status.data["open"] === true && !status.isError) continue;
    if (status.data["phase"] !== "completed") throw new Error(status.text);
    const { started_at, finished_at } = status.data as { started_at: string; finished_at: string };
    return { id, ms: Math.min(performance.now() - started, Date.parse(finished_at) - Date.parse(started_at)) };
  }
}

/** Wall time of a DAG against the same commands in a shell loop, and of a second run with nothing changed. */
export async function benchDag(scratch: string, pairs: number): Promise<void> {
  const shape = { wide: 10, deep: 5 };
  const results: { bare: number; first: number; again: number; events: number; terragrunt: number | undefined }[] = [];
  for (let i = 0; i < pairs; i += 1) {
    const other = await inFolder(
      join(scratch, `terragrunt-${i}`),
      async (folder) => await terragrunt(folder, await writeDag(folder, shape)),
    );
    const floor = await inFolder(join(scratch, `bare-${i}`), async (folder) => await bare(folder, await writeDag(folder, shape)));
    const { times, events } = await ours(shape, 2, 1);
    results.push({ bare: floor, first: times[0] ?? Number.NaN, again: times[1] ?? Number.NaN, events, terragrunt: other });
  }
  const seconds = (pick: (r: (typeof results)[number]) => number): string => (median(results.map(pick)) / 1000).toFixed(1);
  report(
    "50 workspaces (10 wide, 5 deep) ÷ shell loop",
    `${median(results.map((r) => r.first / r.bare)).toFixed(2)} (${seconds((r) => r.first)} s ÷ ${seconds((r) => r.bare)} s)`,
    "≤ 1.15, aim 1.05",
  );
  if (results.every((r) => r.terragrunt !== undefined))
    report("the same by Terragrunt", `${seconds((r) => r.terragrunt ?? Number.NaN)} s`, "");
  report(
    "second run with nothing changed ÷ first",
    `${median(results.map((r) => r.again / r.first)).toFixed(2)} (${seconds((r) => r.again)} s)`,
    "≤ 0.5",
  );
  report("events in the history of 50 workspaces", String(median(results.map((r) => r.events))), "");
}

async function inFolder<T>(folder: string, work: (folder: string) => Promise<T>): Promise<T> {
  await mkdir(folder, { recursive: true });
  try {
    return await work(folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Time per workspace from few to many, at the same width. */
export async function benchGrowth(): Promise<void> {
  const few: number[] = [];
  for (let i = 0; i < 3; i += 1) few.push((await ours({ wide: 10, deep: 1 }, 1, 10)).times[0] ?? Number.NaN);
  const many = await ours({ wide: 10, deep: 20 }, 1, 10);
  const [perFew, perMany] = [median(few) / 10, (many.times[0] ?? Number.NaN) / 200];
  report(
    "time per workspace, 200 ÷ 10 workspaces",
    `${(perMany / perFew).toFixed(2)} (${perMany.toFixed(0)} ms ÷ ${perFew.toFixed(0)} ms)`,
    "≤ 1.25",
  );
  report("events in the history of 200 workspaces", String(many.events), "< 10,000");
}
