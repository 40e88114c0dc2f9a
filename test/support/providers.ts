import { readdirSync, readFileSync, readlinkSync } from "node:fs";
import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { lives, until } from "./processes.ts";
import type { Session } from "./run.ts";
import type { Agent, ToolAnswer } from "./mcp-client.ts";

/** The folder of the built providers (`npm run test:providers` sets it), or undefined. */
export function builtProviders(env: NodeJS.ProcessEnv): string | undefined {
  return env["PLATFORM_OPS_TEST_PROVIDERS"];
}

/** Why a file of tests is skipped. */
export const WANTS_PROVIDERS = "need PLATFORM_OPS_TEST_PROVIDERS: npm run test:providers";

/** What tells terraform and OpenTofu to take providers from that folder, and from nowhere else. */
export function mirrorOf(built: string): Record<string, string> {
  return { TF_CLI_CONFIG_FILE: join(built, "cli.tfrc") };
}

/** The providers of the mirror, by the name that resources begin with. */
const SOURCES = { local: "example.com/hashicorp/local", time: "example.com/hashicorp/time", trap: "example.com/test/trap" } as const;

/** Configuration that uses them; `trap` at version 1 unless said otherwise. */
export function configuration(names: readonly (keyof typeof SOURCES)[], body: string, trapVersion = "~> 1.0"): string {
  const entries = names.map((name) => {
    const version = name === "trap" ? `, version = "${trapVersion}"` : "";
    return `    ${name} = { source = "${SOURCES[name]}"${version} }`;
  });
  return `terraform {\n  required_providers {\n${entries.join("\n")}\n  }\n}\n${body}\n`;
}

/** A workspace of these tests: its name is its folder. */
export interface ProviderWorkspace {
  readonly name: string;
  readonly hcl: string;
  readonly kind?: "terraform" | "tofu";
  /** Workspaces, and the output of each that becomes the variable of the same name. */
  readonly inputs?: Readonly<Record<string, string>>;
  /** Variables that infra.yaml gives. */
  readonly variables?: Readonly<Record<string, unknown>>;
}

/** Writes infra.yaml and a folder per workspace. */
export async function writeWorkspaces(project: string, workspaces: readonly ProviderWorkspace[]): Promise<void> {
  for (const { name, hcl } of workspaces) await put(join(project, name, "main.tf"), hcl);
  const entries = workspaces.map(({ name, kind, inputs = {}, variables }) => ({
    name,
    dir: join(project, name),
    ...(kind === undefined ? {} : { kind }),
    ...(variables === undefined ? {} : { extraVars: variables }),
    dependsOn: Object.keys(inputs),
    inputs: Object.entries(inputs).map(([from, output]) => ({ sourceWorkspace: from, sourceOutput: output, targetVar: output })),
    operations: ["init", "validate", "plan", "apply"],
  }));
  await writeFile(join(project, "infra.yaml"), JSON.stringify({ workspaces: entries }, null, 2));
}

/** Writes a file, and the folders above it. */
export async function put(path: string, text: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, text);
}

/** The status once the run has ended, within ten minutes; whatever it asks for meanwhile, the client's person answers. */
export async function finish(agent: Agent, workflow_id: string): Promise<ToolAnswer> {
  return await until(
    async () => {
      const status = await agent.call("get_workflow_status", { workflow_id, wait_seconds: 10 });
      if (status.data["phase"] === "awaiting_approval") await agent.call("request_approval", { workflow_id });
      return status.data["open"] === false && status;
    },
    "the end of the run",
    600,
  );
}

/** Files below a folder in whose bytes one of the words stands, as `FILE: WORD`. */
export async function filesWith(folder: string, words: readonly string[]): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const found: string[] = [];
  for (const entry of entries.filter((one) => one.isFile())) {
    const path = join(entry.parentPath, entry.name);
    const bytes = await readFile(path).catch(() => Buffer.alloc(0));
    for (const word of words) if (bytes.includes(word)) found.push(`${path}: ${word}`);
  }
  return found;
}

/** What one client was told in these tests, for looking through it as a whole. */
export interface Hearing {
  readonly agent: Agent;
  /** The texts of all answers and forms: what a model and its person read. */
  read(): string;
  /** These, and the structured content of all answers. */
  heard(): string;
}

/** A client of the session that remembers all that it was told; its person approves. */
export async function listen(session: Session, env: Readonly<Record<string, string>>): Promise<Hearing> {
  const texts: string[] = [];
  const data: string[] = [];
  const agent = await session.connect({
    env,
    person(message, schema) {
      texts.push(message);
      data.push(JSON.stringify(schema));
      return { action: "accept", content: { decision: "approve" } };
    },
  });
  const call: Agent["call"] = async (name, args) => {
    const answer = await agent.call(name, args);
    texts.push(answer.text);
    data.push(JSON.stringify(answer.data));
    return answer;
  };
  return { agent: { ...agent, call }, read: () => texts.join("\n"), heard: () => [...texts, ...data].join("\n") };
}

/** Pids of living providers, and of the programs that started them, which work in a folder or below it. */
export function workersIn(folder: string): number[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .filter((name) => {
      try {
        const cwd = readlinkSync(`/proc/${name}/cwd`);
        return (cwd === folder || cwd.startsWith(`${folder}/`)) && lives(Number(name));
      } catch {
        return false;
      }
    })
    .map(Number)
    .filter((pid) => /^(?:terraform|tofu)/.test(nameOf(pid)));
}

/** Pids of living providers that work in a folder or below it. */
export function providersIn(folder: string): number[] {
  return workersIn(folder).filter((pid) => nameOf(pid).startsWith("terraform-provider-"));
}

/** The file name of the program that a process runs; empty where it has ended. */
function nameOf(pid: number): string {
  try {
    return basename(readFileSync(`/proc/${pid}/cmdline`, "utf8").split("\0")[0] ?? "");
  } catch {
    return "";
  }
}
