import { existsSync, readdirSync, readFileSync } from "node:fs";
import { readdir, readFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { effects, type TestHome } from "../support/home.ts";
import type { ToolAnswer } from "../support/mcp-client.ts";
import type { Story } from "./story.ts";

/** What is known after a round. */
export interface Facts {
  readonly home: TestHome;
  readonly story: Story;
  /** The last status. */
  readonly status: ToolAnswer | undefined;
  readonly terraformKilled: boolean;
  /** How many calls were answered. */
  readonly answered: number;
  /** Codes of failed answers. */
  readonly codes: ReadonlySet<string>;
  /** Command lines of processes of the data directory that outlived its stop. */
  readonly left: readonly string[];
}

interface Shown {
  readonly name: string;
  readonly phase: string;
  readonly because?: string;
  readonly error?: { readonly code: string; readonly message: string };
}

interface Line {
  readonly kind: string;
  readonly what: string;
  readonly target?: string;
  readonly outcome: string;
  readonly id?: string;
}

/** The invariants that do not hold, in words. */
export async function broken(facts: Facts): Promise<string[]> {
  const { status, terraformKilled, codes, left } = facts;
  if (status === undefined || status.isError) return [`no status: ${status?.text ?? "the run could not be started"}`];
  const shown = status.data["workspaces"] as Shown[];
  const problems = [
    ...(status.data["open"] === false ? [] : ["the run did not end"]),
    ...(await Promise.all(shown.map((workspace) => ofWorkspace(facts, workspace)))).flat(),
    ...(terraformKilled || status.data["phase"] === "completed"
      ? []
      : [`nothing was done to terraform, and yet the run is ${status.data["phase"]}`]),
    ...(codes.has("unexpected") ? ["a call failed in a way that was not foreseen"] : []),
    ...left.map((line) => `left running: ${line}`),
    ...(await ofAudit(facts, shown)),
  ];
  return problems;
}

/** What the status says of a workspace is what happened to it. */
async function ofWorkspace({ home, terraformKilled }: Facts, { name, phase, because, error }: Shown): Promise<string[]> {
  const began = await effects(home.project, name);
  const finished = existsSync(join(home.project, "effects", `${name}.done`));
  const says = (wrong: boolean, what: string): string[] => (wrong ? [`${name} is ${phase}: ${what}`] : []);
  return [
    ...says(began > 1, `it was applied ${began} times`),
    ...says(
      phase === "applied" && !(began === 1 && finished),
      `its effect began ${began} times and ${finished ? "finished" : "did not finish"}`,
    ),
    ...says(["failed", "skipped", "rejected", "cancelled"].includes(phase) && began > 0, "but its effect began"),
    ...says(phase === "skipped" && because === undefined, "it does not say because of what"),
    ...says(
      ["failed", "partial", "in_doubt"].includes(phase) && (error === undefined || error.message.trim() === ""),
      "it does not say what to look at",
    ),
    ...says(!terraformKilled && phase !== "applied", "nothing was done to terraform"),
  ];
}

/** Each answered call, each decision, each apply and the run itself have their line. */
async function ofAudit({ home, status, answered, story }: Facts, shown: readonly Shown[]): Promise<string[]> {
  const folder = join(home.home, "audit");
  const text = (await Promise.all((await readdir(folder)).map((file) => readFile(join(folder, file), "utf8")))).join("");
  const lines: Line[] = [];
  for (const line of text.split("\n")) {
    if (line === "") continue;
    try {
      lines.push(JSON.parse(line) as Line);
    } catch {
      return [`the audit has a line that cannot be read: ${line.slice(0, 80)}`];
    }
  }
  const run = status?.data["workflow_id"];
  const count = (kind: string): number => lines.filter((line) => line.kind === kind).length;
  const isApply = (line: Line, name: string): boolean =>
    line.kind === "command" && line.what.endsWith(" apply") && line.id === run && line.target === join(home.project, name);
  const applied = shown.filter(({ phase }) => ["applied", "partial", "in_doubt"].includes(phase));
  return [
    ...(count("tool_call") < answered ? [`${answered} calls were answered, ${count("tool_call")} are in the audit`] : []),
    ...(applied.length > 0 && count("decision") === 0
      ? [`something was applied, but the audit knows no decision (${story.approval})`]
      : []),
    ...applied
      .filter(({ name }) => !lines.some((line) => isApply(line, name)))
      .map(({ name, phase }) => `${name} is ${phase}, but its apply is not in the audit`),
    ...(lines.some((line) => line.kind === "run" && line.id === run) ? [] : ["the end of the run is not in the audit"]),
  ];
}

/** Command lines of what still runs for a data directory, after a moment in which it may end. */
export async function processesOf(home: TestHome): Promise<string[]> {
  for (let tries = 0; ; tries += 1) {
    const found = running(dirname(home.home));
    if (found.length === 0 || tries === 50) return found;
    await sleep(100);
  }
}

function running(folder: string): string[] {
  return readdirSync("/proc").flatMap((pid) => {
    if (!/^\d+$/.test(pid) || Number(pid) === process.pid) return [];
    try {
      const line = readFileSync(`/proc/${pid}/cmdline`, "utf8").replaceAll("\0", " ").trim();
      return line.includes(folder) ? [`${pid} ${line.slice(0, 120)}`] : [];
    } catch {
      return [];
    }
  });
}
