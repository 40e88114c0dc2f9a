import { isOpsError } from "@platform-ops/errors";
import { doctorCommand, isVariableNamed, programCheck, type Check } from "@platform-ops/ledger";
import { serverChecks } from "@platform-ops/mcp-kit";
import { durableChecks, setupCommand } from "@platform-ops/orchestration";
import type { TerraformDeps } from "../deps.ts";
import { IDENTITY } from "../identity.ts";
import { findProgram, LEAST_VERSIONS, type ProgramKind } from "../terraform/program.ts";

/** `setup`: brings what durable runs need. */
export const setup = setupCommand<TerraformDeps>(({ durable, ledger }) => ({ server: durable, openLedger: ledger }));

/** `doctor`: what every server needs, Temporal, the worker, the programs that plan and apply, and what they are given. */
export const doctor = doctorCommand<TerraformDeps>(IDENTITY.bin, async (deps) => {
  const parts = await Promise.all([
    serverChecks(deps),
    durableChecks(deps.durable, () => import("@platform-ops/orchestration/client")),
    programs(deps),
    git(deps),
  ]);
  return [...parts.flat(), roots(deps), credentials(deps)];
});

/** One of the two is enough; one that is configured must be there. */
async function programs({ config }: TerraformDeps): Promise<Check[]> {
  const { terraform_path, tofu_path } = config.settings.terraform;
  const checks = await Promise.all([programOf("terraform", terraform_path, config.path), programOf("tofu", tofu_path, config.path)]);
  const there = checks.filter(({ check }) => check.status === "ok");
  const told = checks.filter(({ check, isNamed }) => check.status === "ok" || isNamed || (there.length === 0 && check.status === "broken"));
  if (told.length > 0) return told.map(({ check }) => check);
  return [
    {
      id: "terraform",
      name: "terraform or tofu",
      status: "missing",
      found: "neither is on PATH",
      wanted: `terraform >= ${LEAST_VERSIONS.terraform.join(".")} or tofu >= ${LEAST_VERSIONS.tofu.join(".")}`,
      cure: "Install one of them, or name its path in terraform.terraform_path or terraform.tofu_path.",
    },
  ];
}

async function programOf(
  kind: ProgramKind,
  configured: string | undefined,
  searchPath: string,
): Promise<{ check: Check; isNamed: boolean }> {
  const about = { id: kind, name: kind, wanted: `>= ${LEAST_VERSIONS[kind].join(".")}` };
  const isNamed = configured !== undefined;
  try {
    const { version, path } = await findProgram(kind, { searchPath, ...(isNamed && { configured }) });
    return { check: { ...about, status: "ok", version, path }, isNamed };
  } catch (error) {
    if (!isOpsError(error)) throw error;
    const { path, version } = error.details as { path?: string; version?: string };
    const seen = { ...(path !== undefined && { path }), ...(version !== undefined && { version }) };
    // What is not on PATH at all is missing; what is there and cannot be used is broken.
    const isAbsent = !isNamed && path === undefined && error.details["program"] !== undefined;
    const status = isAbsent ? "missing" : "broken";
    return { check: { ...about, ...seen, status, found: error.message, cure: error.hint }, isNamed };
  }
}

/** Terraform fetches modules from git by itself. */
async function git({ config }: TerraformDeps): Promise<Check[]> {
  const cure = "Install git: modules whose source is a git repository cannot be fetched without it.";
  return [
    await programCheck(
      { id: "git", program: "git", versionArgs: ["--version"], version: /git version (\d+\.\d+[.\d]*)/, otherwise: "warn", cure },
      { searchPath: config.path, env: config.env },
    ),
  ];
}

function roots(deps: TerraformDeps): Check {
  const about = { id: "roots", name: "roots" } as const;
  if (deps.roots.length > 0) return { ...about, status: "ok", found: deps.roots.join(", ") };
  return { ...about, status: "warn", found: "none", cure: `Name the project's folder: ${deps.config.startedAs} --root /path/to/project` };
}

/** By name only. A client may start a server with hardly any variables, so what is missing there is seen by `doctor` as that client runs it. */
function credentials({ config }: TerraformDeps): Check {
  const { env: patterns } = config.settings.terraform;
  const names = Object.keys(config.env).filter((name) => config.env[name] !== undefined && isVariableNamed(name, patterns));
  const found = names.length === 0 ? "none in this environment" : names.toSorted().join(", ");
  return { id: "credentials", name: "variables for runs", status: "ok", found };
}
