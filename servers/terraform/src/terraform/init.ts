import { createHash } from "node:crypto";
import { mkdir, readFile, rename, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";

import { OpsError } from "@platform-ops/errors";

import { scanConfiguration, type ConfigurationScan } from "./configuration-scan.ts";
import { failureOf, runProgram } from "./run-program.ts";
import type { StepContext } from "./step.ts";

const LOCK_FILE = ".terraform.lock.hcl";
const ATTEMPTS = 3;
const NO_SUCH_FLAG = /flag provided but not defined: -json/;

const readText = (path: string): Promise<string | undefined> => readFile(path, "utf8").catch(() => undefined);
const exists = (path: string): Promise<boolean> =>
  stat(path).then(
    () => true,
    () => false,
  );

const stampPath = (ctx: StepContext): string => join(ctx.dataDir, ".platform-ops", "init.json");

function fingerprint(ctx: StepContext, scan: ConfigurationScan, lockFile: string | undefined): string {
  return createHash("sha256")
    .update([ctx.program.kind, ctx.program.version, ctx.program.digest, ctx.dir, scan.fingerprint, lockFile ?? "none"].join("\n"))
    .digest("hex");
}

/** True where the data directory still has what the last init put there. */
async function isIntact(ctx: StepContext, scan: ConfigurationScan, lockFile: string | undefined): Promise<boolean> {
  if (scan.hasModules && !(await exists(join(ctx.dataDir, "modules", "modules.json")))) return false;
  if (scan.hasBackend && !(await exists(join(ctx.dataDir, "terraform.tfstate")))) return false;
  return !(lockFile !== undefined && /^provider "/m.test(lockFile)) || exists(join(ctx.dataDir, "providers"));
}

/** A lock file is held fixed only where it names all providers that the text of the configuration names. */
function isComplete(lockFile: string | undefined, scan: ConfigurationScan): boolean {
  if (lockFile === undefined || scan.providers.length === 0) return false;
  return scan.providers.every((source) => lockFile.includes(`/${source.split("/").slice(-2).join("/")}"`));
}

async function runInit(ctx: StepContext, scan: ConfigurationScan, lockFile: string | undefined): Promise<void> {
  const readonly = isComplete(lockFile, scan) ? ["-lockfile=readonly"] : [];
  let format = "-json";
  for (let attempt = 1; ; attempt += 1) {
    const end = await runProgram(ctx, { step: "init", args: ["init", format, "-input=false", ...readonly], events: true });
    if (end.facts.initialisedEmpty) throw noConfiguration(ctx);
    if (end.code === 0) return;
    // Older programs know no `init -json`; their text is classified all the same.
    if (format === "-json" && NO_SUCH_FLAG.test([end.stderr, ...end.facts.diagnostics.map((diagnostic) => diagnostic.detail)].join("\n"))) {
      format = "-no-color";
      continue;
    }
    const failure = failureOf(ctx, "init", end);
    if (!failure.retryable || failure.code !== "command_failed" || attempt >= ATTEMPTS) throw failure;
    await new Promise((resolve) => setTimeout(resolve, attempt * 500));
  }
}

const noConfiguration = (ctx: StepContext): OpsError =>
  new OpsError("invalid_config", `${ctx.dir} has no .tf files.`, {
    hint: "Point `dir` at the folder with the .tf files.",
    details: { reason: "no_configuration" },
  });

/**
 * Makes a workspace ready for plan. Runs `init` only where something that matters to it changed since the last one, or its
 * data directory is not whole; skips it too where plan needs none (builtin providers and local state only).
 * `force` runs it in any case: plan said that it is needed. Returns whether it ran.
 * Throws `invalid_config` for a folder without configuration (init itself would succeed there).
 */
export async function ensureInit(ctx: StepContext, force = false): Promise<boolean> {
  const scan = await scanConfiguration(ctx.dir);
  if (scan.files === 0) throw noConfiguration(ctx);
  const lockFile = await readText(join(ctx.dir, LOCK_FILE));
  if (!force && scan.builtinOnly && !/^provider "/m.test(lockFile ?? "") && !(await exists(join(ctx.dataDir, "terraform.tfstate"))))
    return false;
  const before = fingerprint(ctx, scan, lockFile);
  if (!force && (await readText(stampPath(ctx))) === before && (await isIntact(ctx, scan, lockFile))) return false;
  await runInit(ctx, scan, lockFile);
  await mkdir(join(ctx.dataDir, ".platform-ops"), { recursive: true, mode: 0o700 });
  const after = fingerprint(ctx, scan, await readText(join(ctx.dir, LOCK_FILE)));
  await writeFile(`${stampPath(ctx)}.new`, after, { mode: 0o600 });
  await rename(`${stampPath(ctx)}.new`, stampPath(ctx));
  return true;
}
