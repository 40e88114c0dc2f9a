import { mkdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { startAgent } from "../support/mcp-client.ts";
import { newHome } from "../support/home.ts";
import { median, processTime, report } from "./measure.ts";

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
      await writeFile(join(folder, name, "main.tf"), `variable "from" {\n  type    = string\n  default = "root"\n}\nresource "terraform_data" "it" {\n  input = "\${var.from}/${name}"\n}\noutput "id" {\n  value = terraform_data.it.output\n}\n`);
      workspaces.push({ name, dir: join(folder, name), ...(need === undefined ? {} : { dependsOn: [need], inputs: [{ sourceWorkspace: need, sourceOutput: "id", targetVar: "from" }] }) });
      levels[level]?.push(name);
    }
  }
  await writeFile(join(folder, "infra.yaml"), JSON.stringify({ workspaces }));
  return levels;
}

/** The same commands by a shell loop at the same parallelism, level by level: what a person would write. */
async function bare(folder: string, levels: readonly (readonly string[])[]): Promise<number> {
  const one = join(folder, "one.sh");
  await writeFile(one, `#!/bin/sh
set -e
cd "$1"
terraform init -input=false >/dev/null
from=root
[ -z "$2" ] || from=$(terraform -chdir="$2" output -raw id)
terraform plan -input=false -var "from=$from" -out=tfplan >/dev/null
terraform show -json tfplan >/dev/null
terraform apply -input=false tfplan >/dev/null
terraform output -json >/dev/null
`, { mode: 0o755 });
  const levelsOf = levels.map((names, level) => names.map((name, i) => `${join(folder, name)} ${level === 0 ? "''" : join(folder, levels[level - 1]?.[i] ?? "")}`).join("\\n"));
  const script = levelsOf.map((lines) => `printf "${lines}\\n" | xargs -P 4 -L 1 sh ${one}`).join("\n");
  await writeFile(join(folder, "all.sh"), `set -e\n${script}\n`);
  return await processTime("sh", [join(folder, "all.sh")], { cwd: folder });
}

async function ours(shape: Shape, runs: number): Promise<{ first: number; again: number }> {
  const home = await newHome({ config: AUTO });
  const agent = await startAgent({ roots: [home.project], home: home.home, env: home.env });
  try {
    await writeDag(home.project, shape);
    const warm = join(home.project, "warm");
    await mkdir(warm);
    await writeFile(join(warm, "main.tf"), 'resource "terraform_data" "it" {}\n');
    await follow(agent, { config: { workspaces: [{ name: "warm", dir: warm }] } });
    const times: number[] = [];
    for (let i = 0; i < runs; i += 1) times.push(await follow(agent, { config_path: "infra.yaml" }));
    return { first: times[0] ?? Number.NaN, again: median(times.slice(1)) };
  } finally {
    await agent.close();
    await home.remove();
  }
}

async function follow(agent: Awaited<ReturnType<typeof startAgent>>, args: Record<string, unknown>): Promise<number> {
  const started = performance.now();
  const { data, isError, text } = await agent.call("execute_workflow", args);
  if (isError) throw new Error(text);
  for (;;) {
    const status = await agent.call("get_workflow_status", { workflow_id: data["workflow_id"], wait_seconds: 50 });
    if (status.data["open"] === true && !status.isError) continue;
    if (status.data["phase"] !== "completed") throw new Error(status.text);
    const { started_at, finished_at } = status.data as { started_at: string; finished_at: string };
    return Math.min(performance.now() - started, Date.parse(finished_at) - Date.parse(started_at));
  }
}

/** Wall time of a DAG against the same commands in a shell loop, and how the overhead grows. */
export async function benchDag(scratch: string, pairs: number): Promise<void> {
  const shape = { wide: 10, deep: 5 };
  const results: { bare: number; first: number; again: number }[] = [];
  for (let i = 0; i < pairs; i += 1) {
    const folder = join(scratch, `bare-${i}`);
    await mkdir(folder, { recursive: true });
    const levels = await writeDag(folder, shape);
    const floor = await bare(folder, levels);
    await rm(folder, { recursive: true, force: true });
    results.push({ bare: floor, ...(await ours(shape, 2)) });
  }
  const seconds = (ms: number): string => (ms / 1000).toFixed(1);
  report("50 workspaces (10 wide, 5 deep) ÷ shell loop", `${median(results.map((r) => r.first / r.bare)).toFixed(2)} (${seconds(median(results.map((r) => r.first)))} s ÷ ${seconds(median(results.map((r) => r.bare)))} s)`, "≤ 1.15, aim 1.05");
  report("second run with nothing changed ÷ first", median(results.map((r) => r.again / r.first)).toFixed(2), "≤ 0.5");
}

/** Time per workspace from few to many, at the same width. */
export async function benchGrowth(): Promise<void> {
  const few = await ours({ wide: 10, deep: 1 }, 1);
  const many = await ours({ wide: 10, deep: 20 }, 1);
  const perFew = few.first / 10;
  const perMany = many.first / 200;
  report("time per workspace, 200 ÷ 10 workspaces", `${(perMany / perFew).toFixed(2)} (${perMany.toFixed(0)} ms ÷ ${perFew.toFixed(0)} ms)`, "within 25 %");
}
