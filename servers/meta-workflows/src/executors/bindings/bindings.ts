import type { Json, Template } from "@platform-ops/meta-workflow-registry/definition";

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
  readonly capabilities: { readonly [name: string]: Binding };
}

/** Where nothing is bound. */
export const NO_BINDINGS: Bindings = { capabilities: {} };
