import type { TerraformDeps } from "../deps.ts";
import type { InfraConfig, Kind } from "../infra/infra-config.ts";
import { collectEnvironment } from "../terraform/child-environment.ts";
import { findProgram } from "../terraform/program.ts";
import type { ProgramRef } from "../terraform/step.ts";
import type { RunEnvironment } from "../worker/run-contract.ts";

/** Documented variables of the big clouds, and terraform's own. The operator's `terraform.env` replaces the list. */
export const DEFAULT_VARIABLES = ["AWS_*", "GOOGLE_*", "CLOUDSDK_*", "GCLOUD_*", "ARM_*", "AZURE_*", "TF_VAR_*", "TF_TOKEN_*"] as const;

/**
 * The run's own environment: allow-listed variables of the process that starts it, the programs that it needs with
 * version and digest, and the roots. Kept as a sealed artifact; the worker starts programs with exactly this.
 * @throws OpsError program_missing
 */
export async function captureEnvironment(deps: TerraformDeps, config: InfraConfig): Promise<RunEnvironment> {
  const { settings, env, path } = deps.config;
  const globs = settings.terraform.env.length > 0 ? settings.terraform.env : DEFAULT_VARIABLES;
  const variables = collectEnvironment(env, globs);
  const kinds = [...new Set(config.workspaces.map((workspace) => workspace.kind))];
  const { directory } = await deps.ledger();
  const found = await Promise.all(kinds.map((kind) => findProgram(kind, { searchPath: path, cacheFile: directory.path("programs.json"), ...configuredPath(settings.terraform, kind) })));
  const programs: Partial<Record<Kind, Omit<ProgramRef, "kind">>> = {};
  for (const { kind, ...program } of found) programs[kind] = program;
  return { variables, programs, roots: deps.roots };
}

function configuredPath(settings: { terraform_path?: string | undefined; tofu_path?: string | undefined }, kind: Kind): { configured?: string } {
  const configured = kind === "terraform" ? settings.terraform_path : settings.tofu_path;
  return configured === undefined ? {} : { configured };
}

/** The environment of an open run anew, from this process's variables: for credentials that were renewed. */
export async function renewEnvironment(deps: TerraformDeps, view: { environment?: string }): Promise<RunEnvironment> {
  const { settings, env } = deps.config;
  const globs = settings.terraform.env.length > 0 ? settings.terraform.env : DEFAULT_VARIABLES;
  void view;
  return { variables: collectEnvironment(env, globs), programs: {}, roots: deps.roots };
}
