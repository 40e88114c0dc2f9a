import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { isOpsError, type OpsError } from "@platform-ops/errors";
import { onTestFinished } from "vitest";
import { loadInfra, type LoadOptions } from "./load-infra.ts";

/** A new folder with these files (a directory where the name ends in `/`), removed after the test. Real path. */
export function projectFolder(files: Record<string, string> = {}): string {
  const root = realpathSync(mkdtempSync(join(tmpdir(), "infra-")));
  onTestFinished(() => rmSync(root, { recursive: true, force: true }));
  for (const [name, text] of Object.entries(files)) {
    const path = join(root, name);
    mkdirSync(name.endsWith("/") ? path : dirname(path), { recursive: true });
    if (!name.endsWith("/")) writeFileSync(path, text);
  }
  return root;
}

const TF = { "vpc/main.tf": "", "subnets/main.tf": "", "eks/main.tf": "" };
export const INFRA = `workspaces:
  - name: eks
    dir: eks
    dependsOn: [vpc, subnets]
    operations: [init, validate, plan]
  - name: vpc
    dir: vpc
    tfvars: vpc/vpc.tfvars
    taskQueue: heavy
  - name: subnets
    dir: ./subnets/
    dependsOn: [vpc]
    inputs: [{sourceWorkspace: vpc, sourceOutput: vpc_id, targetVar: vpc_id}]
    extraVars: {size: 2}
`;
/** A project of three workspaces, with more files if wanted. Real path. */
export const project = (more: Record<string, string> = {}) => projectFolder({ ...TF, "vpc/vpc.tfvars": "", "infra.yaml": INFRA, ...more });

/** The failure of a load that must be refused. */
export async function failure(options: LoadOptions): Promise<OpsError> {
  try {
    await loadInfra(options);
  } catch (error) {
    if (isOpsError(error)) return error;
    throw error;
  }
  throw new Error("was not refused");
}
