/** A tool that the server calls itself. */
export type Binding = { readonly capability: string } | { readonly server: string; readonly tool: string };

/** What the steps of a workflow may name besides. */
export interface Known {
  readonly tasks: Readonly<Record<string, unknown>>;
  taskInputs(name: string): Readonly<Record<string, unknown>>;
  readonly bindings: Readonly<Record<string, Binding>>;
}
