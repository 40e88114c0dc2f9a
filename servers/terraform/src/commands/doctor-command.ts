import { commonChecks, doctorCommand, type Check } from "@platform-ops/ledger";
import { diagnoseTemporal, setupCommand, workerCheck } from "@platform-ops/orchestration";
import type { TerraformDeps } from "../deps.ts";
import { findProgram } from "../terraform/program.ts";

/** `setup`: brings what durable runs need. */
export const setup = setupCommand<TerraformDeps>(({ durable, ledger }) => ({ server: durable, openLedger: ledger }));

/** `doctor`: what every server needs, Temporal, the worker, and the programs that plan and apply. */
export const doctor = doctorCommand<TerraformDeps>({ checks: diagnose, fix: setup.run });

async function diagnose(deps: TerraformDeps): Promise<Check[]> {
  const { settings, policy, path } = deps.config;
  const { home, cache, temporal } = settings;
  const parts = await Promise.all([
    commonChecks({ home, policy, open: deps.ledger }),
    diagnoseTemporal({ home, cache, path, temporal }),
    workerCheck(deps.durable),
    programs(deps),
    roots(deps),
  ]);
  return parts.flat();
}

async function programs(deps: TerraformDeps): Promise<Check[]> {
  const { terraform } = deps.config.settings;
  const found = await Promise.all(
    (["terraform", "tofu"] as const).map(async (kind): Promise<Check | undefined> => {
      const configured = kind === "terraform" ? terraform.terraform_path : terraform.tofu_path;
      try {
        const program = await findProgram(kind, { searchPath: deps.config.path, ...(configured === undefined ? {} : { configured }) });
        return { name: kind, status: "ok", found: `${program.version} at ${program.path}` };
      } catch {
        return undefined;
      }
    }),
  );
  const there = found.filter((check) => check !== undefined);
  return there.length > 0
    ? there
    : [
        {
          name: "terraform or tofu",
          status: "missing",
          wanted: "terraform >= 1.5 or tofu >= 1.6",
          cure: "Install one of them, or name its path in terraform.terraform_path or terraform.tofu_path.",
        },
      ];
}

async function roots(deps: TerraformDeps): Promise<Check[]> {
  return deps.roots.length > 0
    ? [{ name: "roots", status: "ok", found: deps.roots.join(", ") }]
    : [
        {
          name: "roots",
          status: "warn",
          found: "none",
          cure: `Name the project's folder: ${deps.config.startedAs} --root /path/to/project`,
        },
      ];
}
