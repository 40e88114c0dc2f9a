import { spawn } from "node:child_process";
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { parse } from "yaml";
import { z } from "zod";
import { childEnv } from "../support/mcp-client.ts";

/** The last revision of each protocol era; one run says nothing about the other. */
export const REVISIONS = ["2026-07-28", "2025-11-25"] as const;
export type Revision = (typeof REVISIONS)[number];

/** What came of one scenario. */
export interface Scenario {
  readonly name: string;
  /** Whether the revision requires it; others (extensions, scenarios on hold) are run and told. */
  readonly required: boolean;
  readonly passed: number;
  /** What each failed check says. */
  readonly failures: readonly string[];
  /** What was found wanting, but is no fault by the revision. */
  readonly warnings: readonly string[];
}

const Requirements = z.object({ server: z.array(z.string()) });
const Checks = z.array(z.object({ id: z.string(), status: z.string(), errorMessage: z.string().optional() }));

const suite = createRequire(import.meta.url).resolve("@modelcontextprotocol/conformance/dist/index.js");

/** The scenarios of servers that a revision requires, as they were frozen at its release. */
export async function requiredScenarios(revision: Revision): Promise<readonly string[]> {
  return Requirements.parse(parse(await readFile(join(dirname(suite), `../requirements/${revision}.yaml`), "utf8"))).server;
}

/** Runs the official suite's scenarios of one revision against a server. Throws where the suite itself does not run. */
export async function runSuite(url: string, revision: Revision): Promise<readonly Scenario[]> {
  const folder = await mkdtemp(join(tmpdir(), "platform-ops-conformance-"));
  try {
    const said = await run(["server", "--url", url, "--requirements", revision, "-o", folder]);
    const required = await requiredScenarios(revision);
    const found = await Promise.all((await readdir(folder)).map((name) => scenarioOf(join(folder, name), name, required)));
    const missing = required.filter((name) => found.every((scenario) => scenario.name !== name));
    if (missing.length > 0) throw new Error(`the suite did not run ${missing.join(", ")}: ${said.slice(-2000)}`);
    return found.toSorted((a, b) => Number(b.required) - Number(a.required) || a.name.localeCompare(b.name));
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** True where a scenario was passed: something was checked, and nothing failed. */
export function isPassed({ passed, failures }: Scenario): boolean {
  return passed > 0 && failures.length === 0;
}

/** The suite writes each scenario's checks into a folder of its name and time. */
async function scenarioOf(folder: string, name: string, required: readonly string[]): Promise<Scenario> {
  const checks = Checks.parse(JSON.parse(await readFile(join(folder, "checks.json"), "utf8")));
  const scenario = name.replace(/^server-/, "").replace(/-\d{4}-\d\d-\d\dT[\d-]+Z$/, "");
  const wordsOf = (status: string): string[] =>
    checks.filter((check) => check.status === status).map(({ id, errorMessage }) => `${id}: ${errorMessage ?? status}`);
  return {
    name: scenario,
    required: required.includes(scenario),
    passed: checks.filter(({ status }) => status === "SUCCESS").length,
    failures: wordsOf("FAILURE"),
    warnings: wordsOf("WARNING"),
  };
}

function run(args: readonly string[]): Promise<string> {
  const node20 = ["--import", new URL("missing-glob/register.mjs", import.meta.url).href];
  const child = spawn(process.execPath, [...node20, suite, ...args], { env: childEnv(), stdio: ["ignore", "pipe", "pipe"] });
  let said = "";
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (chunk: Buffer) => (said += chunk.toString()));
  return new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("close", () => resolve(said));
  });
}
