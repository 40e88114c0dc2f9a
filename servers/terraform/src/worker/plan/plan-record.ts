import { canonicalJson, CHANGE_KINDS, sha256, type ChangeKind } from "@platform-ops/ledger";
import type { FailedCheck, ResourceChange, OutputChange } from "../../terraform/plan-summary.ts";
import type { Counts } from "../run-contract.ts";

/**
 * What a plan is, kept as an artifact. Its digest is what a person approves: it binds the plan's bytes and meaning, the
 * state it was made from, the program, the lock file, the inputs and the run's own environment.
 */
export interface PlanRecord {
  readonly version: 1;
  readonly run: string;
  readonly workspace: string;
  readonly dir: string;
  readonly config: string;
  /** Digest of the run's own environment. */
  readonly environment: string;
  /** Keyed digest of where and as whom the run works, see `placeDigest`. */
  readonly place: string;
  /** Name of the policy's environment. */
  readonly policy_environment: string;
  readonly program: { readonly kind: string; readonly version: string; readonly digest: string };
  /** Artifact of the plan file. */
  readonly plan_file: string;
  readonly plan_sha256: string;
  readonly semantic_digest: string;
  readonly lineage: string | null;
  readonly serial: number;
  readonly lock_file_sha256: string | null;
  /** Digest of the files that the plan does not hold and the apply may read or run, see `folderDigest`. */
  readonly files: string;
  /** Digest of the variables that came from other workspaces, extraVars and the tfvars file. */
  readonly inputs: string;
  /** True: a plan to destroy all that the workspace made. */
  readonly destroy?: true;
  readonly counts: Counts;
  readonly kinds: readonly string[];
  /** Artifact of the masked plan. */
  readonly view: string;
  /** Artifact of {@link PlanMaterial}. */
  readonly material: string;
  readonly made_at: string;
}

/** What the apply needs again, sealed: the variables as raw JSON, and the values to mask. */
export interface PlanMaterial {
  readonly variables: Readonly<Record<string, string>>;
  readonly secrets: readonly string[];
}

/** Who uses an approval of a plan: the same for every attempt, so that a retry may go on and nobody else may. */
export function consumerOf(run: string, workspace: string, plan: string): string {
  return `${run}/${workspace}/${plan}`;
}

/** The masked plan, for people and models. */
export interface PlanView {
  readonly workspace: string;
  readonly counts: Counts;
  readonly kinds: readonly string[];
  readonly changes: readonly ResourceChange[];
  readonly drift: readonly ResourceChange[];
  readonly outputs: readonly OutputChange[];
  readonly checks: readonly FailedCheck[];
  /** What the program and its providers warned of; views of older versions have none. */
  readonly warnings?: readonly string[];
  readonly complete: boolean;
  readonly serial: number;
  readonly program: string;
  readonly made_at: string;
}

/**
 * Names all plans that mean the same at the same place and time: equal for the plan of a plan-only run and for that of the
 * next run, when nothing moved in between. The plan's bytes differ every time and the environment holds session tokens, so
 * neither is part of it; what of the environment says where and as whom is, and so is the program's version, as its plans
 * are not interchangeable.
 */
export function carryKey(record: PlanRecord): string {
  const { workspace, dir, place, policy_environment, program, semantic_digest, lineage, serial, lock_file_sha256, files, inputs, kinds } =
    record;
  const destroy = record.destroy === true ? { destroy: true } : {};
  return sha256(
    canonicalJson({
      workspace,
      dir,
      place,
      policy_environment,
      program,
      semantic_digest,
      lineage,
      serial,
      lock_file_sha256,
      files,
      inputs,
      kinds,
      ...destroy,
    }),
  );
}

/** True for the kinds of change that a policy can name. A plan with any other kind is never let through by policy. */
export function isChangeKind(kind: string): kind is ChangeKind {
  return (CHANGE_KINDS as readonly string[]).includes(kind);
}
