import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { realpathSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { runBuilt } from "../../tooling/run-built.ts";
import { TERRAFORM_BIN } from "./mcp-client.ts";

/** A data directory of its own with a set-up server, and a project folder beside it. */
export interface TestHome {
  readonly home: string;
  readonly project: string;
  readonly configFile: string;
  readonly env: Readonly<Record<string, string>>;
  /** Runs a subcommand of the built bin; rejects unless it exits with 0. */
  run(args: readonly string[], env?: Readonly<Record<string, string>>): Promise<string>;
  /** Ends all processes of the data directory and removes everything. */
  remove(): Promise<void>;
}

/** Makes one. `config` is the operator's file as YAML text; `bin` is set up and run, terraform's unless said. */
export async function newHome(options: { config?: string; bin?: string } = {}): Promise<TestHome> {
  const folder = realpathSync(await mkdtemp(join(tmpdir(), "platform-ops-test-")));
  const [home, project, configFile] = [join(folder, "home"), join(folder, "project"), join(folder, "config.yaml")];
  await Promise.all([mkdir(home, { mode: 0o700 }), mkdir(project)]);
  if (options.config !== undefined) await writeFile(configFile, options.config);
  const env = { PLATFORM_OPS_HOME: home, ...(options.config === undefined ? {} : { PLATFORM_OPS_CONFIG: configFile }) };
  const run = async (args: readonly string[], more: Readonly<Record<string, string>> = {}): Promise<string> => {
    const lines: string[] = [];
    await runBuilt(options.bin ?? TERRAFORM_BIN, [...args], { ...env, ...more }, (line) => lines.push(line.trim()));
    return lines.join("\n");
  };
  await run(["setup"]);
  return {
    home,
    project,
    configFile,
    env,
    run,
    async remove() {
      await run(["supervisor", "stop"]).catch(() => undefined);
      await rm(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 });
    },
  };
}

/** A workspace of a test project. */
export interface TestWorkspace {
  readonly name: string;
  readonly needs?: readonly string[];
  /** Seconds that its apply takes. */
  readonly seconds?: number;
  /** Its apply takes until `openGate`, so that what is done meanwhile may take as long as it needs. */
  readonly gated?: true;
  readonly kind?: "terraform" | "tofu";
  /** More HCL. */
  readonly more?: string;
}

/**
 * Writes infra.yaml and a folder per workspace. Each apply of a workspace adds one line to `effects/<name>`: what counts how
 * often something really happened, whatever terraform's state says.
 */
export async function writeProject(
  project: string,
  workspaces: readonly TestWorkspace[],
  options: { apply?: boolean } = {},
): Promise<void> {
  await mkdir(join(project, "effects"), { recursive: true });
  for (const workspace of workspaces) {
    await mkdir(join(project, workspace.name), { recursive: true });
    await writeFile(join(project, workspace.name, "main.tf"), hcl(project, workspace));
  }
  const config = {
    workspaces: workspaces.map((w) => ({
      name: w.name,
      dir: join(project, w.name),
      ...(w.kind ? { kind: w.kind } : {}),
      ...(w.needs
        ? { dependsOn: w.needs, inputs: w.needs.map((need) => ({ sourceWorkspace: need, sourceOutput: "id", targetVar: `from_${need}` })) }
        : {}),
      operations: options.apply === false ? ["init", "validate", "plan"] : ["init", "validate", "plan", "apply"],
    })),
  };
  await writeFile(join(project, "infra.yaml"), JSON.stringify(config, null, 2));
}

function hcl(project: string, { name, needs = [], seconds = 0, gated, more = "" }: TestWorkspace): string {
  const effect = join(project, "effects", name);
  // Ends with the project too, so that a test that failed leaves nothing running.
  const gate = gated === true ? `while [ -e '${effect}' ] && [ ! -e '${effect}.gate' ]; do sleep 0.1; done; ` : "";
  const variables = needs.map((need) => `variable "from_${need}" { type = string }`).join("\n");
  const inputs = needs.map((need) => `from_${need} = var.from_${need}`).join(", ");
  return `${variables}
resource "terraform_data" "it" {
  input = { name = "${name}"${inputs === "" ? "" : `, ${inputs}`} }
  provisioner "local-exec" {
    command = "echo begun >> '${effect}'; sleep ${seconds}; ${gate}echo done >> '${effect}.done'"
  }
}
output "id" { value = "id-of-\${terraform_data.it.input.name}" }
output "secret" {
  value     = "hush-${name}-s3cr3t"
  sensitive = true
}
${more}
`;
}

/** Lets the apply of a gated workspace end. */
export async function openGate(project: string, name: string): Promise<void> {
  await writeFile(join(project, "effects", `${name}.gate`), "");
}

/** How often the apply of a workspace began. */
export async function effects(project: string, name: string): Promise<number> {
  const text = await readFile(join(project, "effects", name), "utf8").catch(() => "");
  return text.split("\n").filter((line) => line === "begun").length;
}

/** Policy that approves everything but deletion by itself. */
export const AUTO_CONFIG = `
approvals:
  auto:
    - environments: ["*"]
      workspaces: ["*"]
      changes: [create, update, outputs, move, import, forget, replace]
`;
