import type { Ask, Call, ToolResult } from "@platform-ops/mcp-kit";
import type { Consent } from "@platform-ops/remote-command";
import type { FluxTeleportDeps } from "../deps.ts";
import { openKubectl, type Kubectl } from "../kubernetes/kubectl.ts";
import { permitTogether, runPermitted } from "../run-permitted.ts";
import { placeOf, type Where } from "../target.ts";
import type { Said } from "../tools/result.ts";

/** Thrown through a tool's own code when a person must decide first: carries what the tool then answers. */
class Answered extends Error {
  readonly answer: ToolResult | Ask;

  constructor(answer: ToolResult | Ask) {
    super("A person decides first.");
    this.answer = answer;
  }
}

/** What a tool does, in a few words, for the person who may be asked. */
export interface Doing {
  readonly title: string;
  /** The tool's own keys, as an answer has them while a person decides. */
  readonly empty: Readonly<Record<string, unknown>>;
}

/**
 * Finds the Kubernetes that a call means and works with its kubectl, each command under the policy. Where the policy asks a
 * person, that answer is the tool's.
 * @throws OpsError not_allowed, invalid_input, and what `work` throws
 */
export async function withCluster(
  deps: FluxTeleportDeps,
  call: Call,
  where: Where,
  said: Said,
  doing: Doing,
  work: (kubectl: Kubectl) => Promise<ToolResult>,
): Promise<ToolResult | Ask> {
  const place = await placeOf(deps, where, "kubernetes", said);
  const { kubectl_path, clusters } = deps.config.settings.remote;
  const isLocal = clusters[place.target.cluster]?.transport === "local";
  const granted = new Map<string, Consent>();
  const purpose = { title: doing.title, granted };
  const kubectl = openKubectl(
    {
      async run(command, { effect, timeoutMs, maxBytes }) {
        const capture = { for: "parser", maxBytes } as const;
        const asked = { ...purpose, effect, timeoutMs, capture, said: { ...said, ...doing.empty } };
        const permitted = await runPermitted(deps, call, place.target, command, asked);
        if ("answer" in permitted) throw new Answered(permitted.answer);
        return permitted.run;
      },
      async foresee(commands, { effect, timeoutMs }) {
        const asked = { ...purpose, effect, timeoutMs, said: { ...said, ...doing.empty } };
        const answer = await permitTogether(deps, call, place.target, commands, asked);
        if (answer !== undefined) throw new Answered(answer);
      },
    },
    { kubeconfig: place.kubeconfig, sudo: place.sudo, ...(isLocal && kubectl_path !== undefined ? { program: kubectl_path } : {}) },
  );
  try {
    return await work(kubectl);
  } catch (error) {
    if (error instanceof Answered) return error.answer;
    throw error;
  }
}

/** The namespace that a call means: Flux's own where it names none. Every answer names it. */
export function namespaceOf(given: string | undefined, said: Said): string {
  const namespace = given ?? "flux-system";
  said["namespace"] = namespace;
  return namespace;
}
