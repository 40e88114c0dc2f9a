import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import type { CallOptions } from "@platform-ops/meta-workflow-registry/run";
import { openTemporaryLedger, type TemporaryLedger } from "@platform-ops/ledger/testing";
import { NO_BINDINGS } from "./bindings/bindings.ts";
import type { CallContext, ExecutorDeps, ExecutorSettings } from "./executor-deps.ts";

/** Executors' surroundings over a ledger in a temporary folder, with one allowed folder `root`. */
export interface TestDeps {
  readonly ledger: TemporaryLedger;
  readonly root: string;
  readonly deps: ExecutorDeps;
}

/** Opens them; `ledger.dispose()` deletes all of it. */
export async function openTestDeps(
  change: Partial<Omit<ExecutorDeps, "settings">> = {},
  settings: Partial<ExecutorSettings> = {},
  ledgerOptions: Parameters<typeof openTemporaryLedger>[0] = {},
): Promise<TestDeps> {
  const ledger = await openTemporaryLedger(ledgerOptions);
  const root = join(ledger.folder, "root");
  await mkdir(root);
  const { approvals, policy, audit, artifacts, redactor } = ledger;
  const remote = (): Promise<never> => Promise.reject(new Error("no machine is reached here"));
  const deps: ExecutorDeps = {
    approvals,
    policy,
    audit,
    artifacts,
    redactor,
    settings: { working_directories: [root], programs: [], variables: [], servers: {}, http_hosts: [], ...settings },
    bindings: () => NO_BINDINGS,
    own_servers: {},
    graceMs: 200,
    journals: ledger.dir.path("runs", "programs"),
    environment: { PATH: process.env["PATH"] },
    secret: () => undefined,
    remote,
    withVariables: (environment) => ({ environment, secret: (name) => environment[`SECRET_${name}`], remote }),
    version: "1.0.0",
    ...change,
  };
  return { ledger, root, deps };
}

/** What a step that changes something is called with. */
export function callOptions(change: Partial<CallOptions> = {}): CallOptions {
  return {
    path: "step#1",
    effect_key: "mw-run-1",
    read_only: false,
    timeout: 30_000,
    retry: { attempts: 1, initial: 1_000, backoff: 2 },
    ...change,
  };
}

/** The first try of a run's call. */
export function callContext(change: Partial<CallContext> = {}): CallContext {
  return { run_id: "run-1", requester: "agent:test@ann", attempt: 1, secrets: [], signal: new AbortController().signal, ...change };
}
