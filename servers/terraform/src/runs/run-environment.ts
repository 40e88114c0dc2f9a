import { OpsError } from "@platform-ops/errors";
import type { TerraformDeps } from "../deps.ts";
import type { InfraConfig, Kind } from "../infra/infra-config.ts";
import { collectEnvironment, isBaseVariable } from "../terraform/child-environment.ts";
import { findProgram } from "../terraform/program.ts";
import type { ProgramRef } from "../terraform/step.ts";
import type { RunEnvironment } from "../worker/run-contract.ts";
import type { ReadMemo } from "../worker/run-memo.ts";

/**
 * The run's own environment: allow-listed variables of the process that starts it, the programs that it needs with
 * version and digest, and the roots. Kept as a sealed artifact; the worker starts programs with exactly this.
 * @throws OpsError program_missing
 */
export async function captureEnvironment(deps: TerraformDeps, config: InfraConfig): Promise<RunEnvironment> {
  const { settings, env, path } = deps.config;
  const globs = settings.terraform.env;
  const variables = collectEnvironment(env, globs);
  const kinds = [...new Set(config.workspaces.map((workspace) => workspace.kind))];
  const { directory } = await deps.ledger();
  const found = await Promise.all(
    kinds.map((kind) =>
      findProgram(kind, { searchPath: path, cacheFile: directory.path("programs.json"), ...configuredPath(settings.terraform, kind) }),
    ),
  );
  const programs: Partial<Record<Kind, Omit<ProgramRef, "kind">>> = {};
  for (const { kind, ...program } of found) programs[kind] = program;
  const [operatorsFile] = deps.config.settingsFiles;
  const isOurs = settings.temporal.workers === "local" && operatorsFile !== undefined;
  return { variables, programs, roots: deps.roots, ...(isOurs ? { operators_file: operatorsFile } : {}) };
}

function configuredPath(
  settings: { terraform_path?: string | undefined; tofu_path?: string | undefined },
  kind: Kind,
): { configured?: string } {
  const configured = kind === "terraform" ? settings.terraform_path : settings.tofu_path;
  return configured === undefined ? {} : { configured };
}

/** Variables that belong together: half of one identity and half of another is none. */
const IDENTITIES = [/^AWS_/, /^(GOOGLE|CLOUDSDK|GCLOUD)_/, /^(ARM|AZURE)_/] as const;

/**
 * The environment of an open run with this process's credentials. A provider's variables are replaced together, where this
 * process has any of them; others that the operator's list names, one by one. What a plan means stays as it was: `TF_VAR_*`,
 * regions and projects, the programs and the roots. `names`: the variables that were taken from this process.
 * @throws OpsError conflict, artifact_missing
 */
export async function renewEnvironment(
  deps: TerraformDeps,
  memo: Pick<ReadMemo, "about" | "variables">,
): Promise<{ environment: RunEnvironment; names: string[] }> {
  const digest = memo.variables ?? memo.about?.variables;
  if (digest === undefined)
    throw new OpsError("conflict", "The run does not say which environment it has: another version started it.", {
      hint: "Cancel it and start a new run.",
      retryable: false,
    });
  const { artifacts } = await deps.ledger();
  const own = await artifacts.getJson<RunEnvironment>(digest);
  const { settings, env } = deps.config;
  const globs = settings.terraform.env;
  const { variables, names } = renewVariables(own.variables, collectEnvironment(env, globs));
  return { environment: { ...own, variables, refreshes: digest }, names };
}

/** The run's own variables with the renewed credentials among those of the process that renews them. */
export function renewVariables(
  own: Readonly<Record<string, string>>,
  offered: Readonly<Record<string, string>>,
): { variables: Record<string, string>; names: string[] } {
  const renewed = Object.entries(offered).filter(([name]) => !isMeaning(name));
  const replaced = IDENTITIES.filter((identity) => renewed.some(([name]) => identity.test(name)));
  const kept = Object.entries(own).filter(([name]) => isMeaning(name) || !replaced.some((identity) => identity.test(name)));
  return {
    variables: Object.fromEntries([...new Map([...kept, ...renewed])].sort(([a], [b]) => (a < b ? -1 : 1))),
    names: renewed.map(([name]) => name),
  };
}

/** Where a provider works: region, project, subscription. Another one would make the approved plan mean another thing. */
const PLACE =
  /^(AWS_(DEFAULT_)?REGION|AWS_ENDPOINT_URL.*|GOOGLE_(CLOUD_)?(PROJECT|REGION|ZONE)|GCLOUD_(PROJECT|REGION|ZONE)|CLOUDSDK_(CORE_PROJECT|COMPUTE_.*)|(ARM|AZURE)_(SUBSCRIPTION_ID|TENANT_ID|ENVIRONMENT))$/;

/** What decides what is planned and where, and not as whom. */
function isMeaning(name: string): boolean {
  return name.startsWith("TF_VAR_") || PLACE.test(name) || isBaseVariable(name);
}
