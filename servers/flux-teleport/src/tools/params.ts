import { z } from "zod";

// Arguments that several tools have. What a name may be is checked where commands are built (remote-command's grammars);
// here strings are only bounded, and an empty one is no name. What they mean is said once, in the server's instructions: a model reads every word of this.

const name = (most: number) => z.string().max(most);

/** A cluster of the operator's file, or an environment of it. */
export const cluster = name(63).optional();
export const node = name(253).optional();
/** The login on the machine. */
export const user = name(64).optional();

/** Where a tool runs: all three default from the operator's file. */
export const machine = { cluster, node, user } as const;
/** The same for tools that speak with Kubernetes, whose login the operator's file knows. */
export const kubernetes = { cluster, node } as const;

/** Name of a Kubernetes object. */
export const objectName = name(253);
/** Kubernetes namespace; `flux-system` where a call names none, which the instructions say once for all. */
export const namespace = name(63).optional();
/** Seconds. */
export const timeout = z.int().min(1).max(3600).optional();
/** How many entries of a list to return: more, or less, than the about 2,000 tokens of a usual page. */
export const limit = z.int().min(1).max(500).optional();
/** Where to read on: `next_cursor` of the last answer. */
export const cursor = z.string().max(9).optional();
/** Kind of a Flux object, as Kubernetes writes it; by default Kustomization, or all. */
export const kind = name(40).optional();
export const kindName = name(40);
/** Seconds to wait for the end of a reconciliation: a client gives a call about a minute. */
export const waitSeconds = z.int().min(0).max(45).optional();
export const WAIT_SECONDS = 30;
/** How far back, such as 30m or 2h. */
export const since = name(20).optional();
