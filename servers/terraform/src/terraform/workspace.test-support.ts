// For the tests of this folder: a throw-away workspace with the real program.
import { mkdtemp, mkdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";

import { applyPlan, type ApplyRequest, type ApplyResult } from "./apply.ts";
import { childEnvironment, collectEnvironment } from "./child-environment.ts";
import { findProgram } from "./program.ts";
import { planWorkspace, type PlanInputs, type PlanResult } from "./plan.ts";
import type { ProgramRef, Progress, StepContext } from "./step.ts";

type Environment = Readonly<Record<string, string | undefined>>;

/** The programs to test with: terraform on PATH, and tofu where PLATFORM_OPS_TEST_TOFU names one. */
export async function programsUnderTest(env: Environment): Promise<ProgramRef[]> {
  const searchPath = env["PATH"] ?? "";
  const found: ProgramRef[] = [];
  const terraform = await findProgram("terraform", { searchPath }).catch(() => undefined);
  if (terraform !== undefined) found.push(terraform);
  const tofu = env["PLATFORM_OPS_TEST_TOFU"];
  if (tofu !== undefined && tofu !== "") found.push(await findProgram("tofu", { configured: tofu, searchPath }));
  return found;
}

/** Which of the two it really is: where there is no terraform, an OpenTofu goes by that name (decision 12). */
export const isOpenTofu = (program: ProgramRef): boolean => basename(program.path) === "tofu";

export const DIGEST_KEY = Buffer.from("a key of the tests, and of nothing else");

/** A temporary folder tree with one workspace. */
export class WorkspaceFixture {
  readonly root: string;
  readonly dir: string;
  readonly program: ProgramRef;
  readonly progress: Progress[] = [];
  private readonly env: Record<string, string>;
  private runs = 0;

  private constructor(root: string, program: ProgramRef, env: Environment) {
    this.root = root;
    this.dir = join(root, "config");
    this.program = program;
    this.env = childEnvironment(collectEnvironment({ ...env, TF_CLI_CONFIG_FILE: undefined }, []), join(root, "data"));
  }

  static async create(program: ProgramRef, env: Environment, files: Readonly<Record<string, string>>): Promise<WorkspaceFixture> {
    const fixture = new WorkspaceFixture(await mkdtemp(join(tmpdir(), "terraform-test-")), program, env);
    await mkdir(fixture.dir);
    await fixture.write(files);
    return fixture;
  }

  async write(files: Readonly<Record<string, string>>): Promise<void> {
    for (const [name, text] of Object.entries(files)) {
      await mkdir(dirname(join(this.dir, name)), { recursive: true });
      await writeFile(join(this.dir, name), text);
    }
  }

  path(...parts: string[]): string {
    return join(this.root, ...parts);
  }

  /** A context as one run has it; `run` names the private folder. */
  context(more: Partial<StepContext> & { run?: string } = {}): StepContext {
    const { run = "run", ...rest } = more;
    return {
      program: this.program,
      dir: this.dir,
      dataDir: this.path("data"),
      env: this.env,
      work: this.path("work", run),
      lockTimeoutSeconds: 0,
      signal: new AbortController().signal,
      onProgress: (progress) => this.progress.push(progress),
      ...rest,
    };
  }

  /** A journal that no apply has used. */
  journal(): string {
    this.runs += 1;
    return this.path("journals", String(this.runs));
  }

  remove(): Promise<void> {
    return rm(this.root, { recursive: true, force: true });
  }
}

/** Inputs with the tests' key. */
export const inputs = (more: Partial<PlanInputs> = {}): PlanInputs => ({ digestKey: DIGEST_KEY, ...more });

/** What asks for the apply of a plan, with a journal of its own. */
export const applyRequest = (fixture: WorkspaceFixture, plan: PlanResult, more: Partial<ApplyRequest> = {}): ApplyRequest => ({
  planFile: plan.plan_file,
  planSha256: plan.plan_sha256,
  expected: {
    lineage: plan.lineage,
    serial: plan.serial,
    lock_file_sha256: plan.lock_file_sha256,
    terraform_version: plan.terraform_version,
  },
  journal: fixture.journal(),
  replan: inputs(),
  ...more,
});

/** Plans a workspace and applies the plan. */
export async function planAndApply(
  fixture: WorkspaceFixture,
  ctx: StepContext = fixture.context(),
): Promise<{ plan: PlanResult; result: ApplyResult }> {
  const plan = await planWorkspace(ctx, inputs());
  return { plan, result: await applyPlan(ctx, applyRequest(fixture, plan)) };
}
