import type { ConnectionTarget } from "../client/connection-target.ts";
import { SEARCH_ATTRIBUTES } from "../contract/names.ts";

type Where = Pick<ConnectionTarget, "address" | "namespace">;

/** The command that makes the namespace. Its TLS and key come from the same variables as ours. */
export function createNamespace({ address, namespace }: Where): string {
  return `temporal operator namespace create --address ${address} --namespace ${namespace} --retention 90d`;
}

/** The command that registers our search attributes in the namespace. */
export function createSearchAttributes({ address, namespace }: Where): string {
  const attributes = Object.values(SEARCH_ATTRIBUTES).map((name) => `--name ${name} --type Keyword`);
  return `temporal operator search-attribute create --address ${address} --namespace ${namespace} ${attributes.join(" ")}`;
}
