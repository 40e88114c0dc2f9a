import { OpsError } from "@platform-ops/errors";
import type { Json } from "@platform-ops/meta-workflow-registry/definition";
import { z } from "zod";
import { callTool, type ToolPorts } from "../tools/call-tool.ts";
import { plainArguments } from "../tools/plain-arguments.ts";
import { defineCheck, type CheckContext } from "./check.ts";

const SERVER = "flux-teleport";
const where = {
  cluster: z.string().min(1).max(63).nullish(),
  node: z.string().min(1).max(253).nullish(),
  name: z.string().min(1).max(253),
  namespace: z.string().min(1).max(63).nullish(),
  kind: z.string().min(1).max(40).nullish(),
};

/** What a tool of the Flux server tells; undefined where there is no such object. @throws OpsError where nobody could look */
async function look(
  ports: ToolPorts,
  tool: string,
  args: { readonly [name: string]: Json },
  { call, options }: CheckContext,
): Promise<{ readonly [name: string]: Json } | undefined> {
  const outcome = await callTool(
    ports,
    { kind: "tool", server: SERVER, tool, args: plainArguments(args) },
    { ...options, read_only: true },
    call,
  );
  if (outcome.status === "failed" && outcome.code === "object_not_found") return undefined;
  if (outcome.status === "done" && typeof outcome.output === "object" && outcome.output !== null && !Array.isArray(outcome.output))
    return outcome.output as { readonly [name: string]: Json };
  throw new OpsError(
    outcome.status === "failed" && outcome.code === "approval_needed" ? "approval_needed" : "kubernetes_unreachable",
    outcome.status === "done" ? "The Flux server's answer cannot be read." : `The cluster could not be looked at: ${outcome.message}`,
  );
}

export const fluxReady = defineCheck({
  name: "flux.ready",
  summary: "A Flux object (Kustomization by default) is ready; where `revision` is given, with that revision applied.",
  input: z.strictObject({ ...where, revision: z.string().min(4).max(300).nullish() }),
  facts: { status: "in Flux's words, null where the object is not there", revision: "what is applied", suspended: "whether it is" },
  async run(ports, { name, kind, revision, ...place }, context) {
    const asked = kind ?? "Kustomization";
    const found = await look(ports, "list_flux_objects", { ...plain(place), kind: asked, name }, context);
    const details = found?.["details"] as { readonly [name: string]: Json } | null | undefined;
    if (details === undefined || details === null) return { ok: false, message: `There is no ${asked} ${name}.`, status: null };
    const { status = null, suspended = false, last_applied_revision: applied = null } = details;
    const fits = revision === undefined || revision === null || (typeof applied === "string" && isRevision(applied, revision));
    const ok = status === "ready" && suspended !== true && fits;
    const message = `${asked} ${name} is ${String(status)}${suspended === true ? ", suspended" : ""}${fits ? "" : `, with ${String(applied)} applied instead of ${revision}`}.`;
    return { ok, message, status, revision: applied, suspended };
  },
});

/** Flux writes `main@sha1:abc…`; a commit is named by its hash, or the beginning of it. */
function isRevision(applied: string, wanted: string): boolean {
  return applied === wanted || (/^[0-9a-f]{7,64}$/.test(wanted) && (applied.split(":").at(-1) ?? "").startsWith(wanted));
}

export const kubernetesReady = defineCheck({
  name: "kubernetes.ready",
  summary: "What a Kustomization or HelmRelease applied is there and its workloads run: the diagnosis finds nothing wrong.",
  input: z.strictObject(where),
  facts: { status: "of the object that applied it", causes: "what is wrong, at most 6" },
  async run(ports, { name, kind, ...place }, context) {
    const found = await look(
      ports,
      "diagnose_flux_issues",
      { ...plain(place), name, ...(kind === undefined || kind === null ? {} : { kind }) },
      context,
    );
    if (found === undefined) return { ok: false, message: `There is no ${kind ?? "Kustomization"} ${name}.`, status: null, causes: [] };
    const causes = Array.isArray(found["causes"]) ? (found["causes"] as readonly { readonly [name: string]: Json }[]) : [];
    const ok = found["healthy"] === true;
    const words = causes.slice(0, 6).map((cause) => String(cause["cause"] ?? "unknown"));
    return {
      ok,
      message: ok ? `Nothing is wrong with ${name}.` : `Something is wrong with ${name}: ${words.join(", ") || "it is not said what"}.`,
      status: found["status"] ?? null,
      causes: words,
    };
  },
});

const plain = (fields: { readonly [name: string]: Json | undefined }): { readonly [name: string]: Json } =>
  Object.fromEntries(Object.entries(fields).filter((entry): entry is [string, Json] => entry[1] !== undefined));
