import type { Json, Template } from "@platform-ops/meta-workflow-registry/definition";

/** A server of the operator's: how it is started and what of it may be called. */
export interface BoundServer {
  readonly command: string;
  readonly args: readonly string[];
  readonly cwd?: string;
  /** Names of variables that it is given besides the usual ones. */
  readonly environment: readonly string[];
  /** Globs of tools that may be called; absent: all. */
  readonly tools?: readonly string[];
}

/** An answer of a simulated capability, for calls whose arguments hold all of `with`. */
export interface SimulatedAnswer {
  readonly with: { readonly [name: string]: Json };
  readonly output?: Json;
  readonly fail?: { readonly code: string; readonly message: string };
  readonly unknown?: string;
}

/** What a capability stands for. */
export type Binding =
  | {
      readonly kind: "tool";
      readonly server: string;
      readonly tool: string;
      /** What the tool is called with, from `args` of the call; absent: the call's own arguments. */
      readonly args?: { readonly [name: string]: Template };
      /** What the step gets, from `text` and `data` of the tool's answer; absent: its data. */
      readonly output?: Template;
    }
  | { readonly kind: "simulated"; readonly answers: readonly SimulatedAnswer[] };

/** What `bindings.yaml` says. */
export interface Bindings {
  readonly servers: { readonly [name: string]: BoundServer };
  readonly capabilities: { readonly [name: string]: Binding };
}

/** Where nothing is bound. */
export const NO_BINDINGS: Bindings = { servers: {}, capabilities: {} };
