import { access, constants, statfs } from "node:fs/promises";
import { defineCommand } from "@platform-ops/ledger";
import { diagnoseTemporal, type Check } from "@platform-ops/orchestration";
import { isOpsError } from "@platform-ops/errors";
import type { TerraformDeps } from "../deps.ts";
import { findProgram } from "../terraform/program.ts";
import { workerSpec } from "../runs/worker-spec.ts";
import { setupCommand } from "./setup-command.ts";

const MARKS = { ok: "✓", warn: "!", missing: "✗", broken: "✗" } as const;

/** `doctor`: every needed part with what was found and its cure. Exit 3 when something needed is missing. */
export const doctorCommand = defineCommand<TerraformDeps>({
  name: "doctor",
  summary: "Check every needed part and say how to mend it",
  usage: "doctor [--json] [--fix]",
  options: { json: { type: "boolean", description: "As JSON" }, fix: { type: "boolean", description: "Install what is missing" } },
  async run(input, deps, terminal, signal) {
    if (input.options["fix"] === true) await setupCommand.run(input, deps, terminal, signal);
    const checks = await diagnose(deps);
    if (input.options["json"] === true) terminal.stdout(`${JSON.stringify({ checks }, null, 2)}\n`);
    else
      for (const check of checks)
        terminal.stdout(
          `${MARKS[check.status]} ${check.name}${check.found === undefined ? "" : `: ${check.found}`}${check.cure === undefined || check.status === "ok" ? "" : `\n    ${check.cure}`}\n`,
        );
    return checks.some((check) => check.status === "missing" || check.status === "broken") ? 3 : 0;
  },
});

async function diagnose(deps: TerraformDeps): Promise<Check[]> {
  const { settings, path } = deps.config;
  const temporal = diagnoseTemporal({ home: settings.home, cache: settings.cache, path, temporal: settings.temporal });
  const parts = await Promise.all([
    temporal,
    node(),
    dataDirectory(deps),
    workerRuntime(deps),
    programs(deps),
    roots(deps),
    approvals(deps),
  ]);
  return parts.flat();
}

async function node(): Promise<Check[]> {
  const [major = 0, minor = 0] = process.versions.node.split(".").map(Number);
  const ok = major > 20 || (major === 20 && minor >= 19);
  return [
    {
      name: "Node",
      status: ok ? "ok" : "broken",
      found: process.versions.node,
      wanted: ">=20.19",
      ...(ok ? {} : { cure: "Install Node 20.19 or newer." }),
    },
  ];
}

async function dataDirectory(deps: TerraformDeps): Promise<Check[]> {
  const { home } = deps.config.settings;
  try {
    await deps.ledger();
    await access(home, constants.W_OK);
    const { bavail, bsize } = await statfs(home);
    const gigabytes = Math.round((bavail * bsize) / 1e8) / 10;
    return [
      { name: "data directory and keys", status: "ok", found: home },
      {
        name: "disk",
        status: gigabytes < 1 ? "warn" : "ok",
        found: `${gigabytes} GB free`,
        ...(gigabytes < 1 ? { cure: "Free some space: plans and the database need it." } : {}),
      },
    ];
  } catch (error) {
    return [
      {
        name: "data directory and keys",
        status: "broken",
        found: isOpsError(error) ? `${error.code}: ${error.message}` : home,
        cure: isOpsError(error) ? error.hint : "Check owner and permissions.",
      },
    ];
  }
}

async function workerRuntime(deps: TerraformDeps): Promise<Check[]> {
  if (deps.config.settings.temporal.workers === "external")
    return [{ name: "worker", status: "ok", found: "run elsewhere, by the settings" }];
  try {
    const spec = await workerSpec(deps.config);
    return [{ name: "worker build and runtime", status: "ok", found: spec.version }];
  } catch (error) {
    return [
      { name: "worker build and runtime", status: "missing", cure: isOpsError(error) ? error.hint : `Run: ${deps.config.startedAs} setup` },
    ];
  }
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

/** What the channels in force do not prove; said here because it is read by who sets this up. */
async function approvals(deps: TerraformDeps): Promise<Check[]> {
  const weak = deps.config.policy.environments.filter((environment) => environment.channels.some((channel) => channel !== "signed"));
  if (weak.length === 0) return [{ name: "approvals", status: "ok", found: "by signature" }];
  return [
    {
      name: "approvals",
      status: "warn",
      found: `${weak.map((e) => `${e.name}: ${e.channels.join(", ")}`).join("; ")}`,
      cure: "An agent that has a shell of this account can use the channels cli and elicit. Signatures, or another user for the servers, stop that: docs/guides/approvals.md.",
    },
  ];
}
