import type { ConnectionTarget } from "../client/connection-target.ts";

type Where = Pick<ConnectionTarget, "address" | "namespace">;

/** The command that makes the namespace. Its TLS and key come from the same variables as ours. */
export function createNamespace({ address, namespace }: Where): string {
  return `temporal operator namespace create --address ${address} --namespace ${namespace} --retention 90d`;
}

/** The command that registers search attributes of ours in the namespace. */
export function createSearchAttributes({ address, namespace }: Where, names: readonly string[]): string {
  const attributes = names.map((name) => `--name ${name} --type Keyword`).join(" ");
  return `temporal operator search-attribute create --address ${address} --namespace ${namespace} ${attributes}`;
}
