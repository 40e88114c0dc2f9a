/** The part of a client's declared capabilities that tells whether it shows forms. */
export interface ClientCapabilities {
  readonly elicitation?: { readonly form?: object | undefined; readonly url?: object | undefined } | undefined;
}

/** Whether a client's declared capabilities include forms: an empty `elicitation` has meant forms since 2025-06-18. */
export function showsForms(capabilities: ClientCapabilities | undefined): boolean {
  const elicitation = capabilities?.elicitation;
  return elicitation !== undefined && (elicitation.form !== undefined || elicitation.url === undefined);
}
