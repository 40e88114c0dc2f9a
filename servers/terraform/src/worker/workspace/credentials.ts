import { access, constants } from "node:fs/promises";
import { OpsError } from "@platform-ops/errors";

/** Variables that name a file with credentials, as the providers document them. */
const FILES = [
  "GOOGLE_APPLICATION_CREDENTIALS",
  "AWS_WEB_IDENTITY_TOKEN_FILE",
  "AZURE_FEDERATED_TOKEN_FILE",
  "ARM_OIDC_TOKEN_FILE_PATH",
  "ARM_CLIENT_CERTIFICATE_PATH",
  "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE",
] as const;

/** Variables that come in pairs: one without the other never works. */
const PAIRS = [["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"]] as const;

/** Says until when the credentials in the environment hold (ISO 8601; written by `aws configure export-credentials`). */
const EXPIRY = "AWS_CREDENTIAL_EXPIRATION";

/**
 * What is known to be wrong with the run's credentials before any program starts. Profiles and helpers are not judged:
 * they run fresh in every step. Throws `credentials`, naming the variable and never its value.
 */
export async function checkCredentials(variables: Readonly<Record<string, string>>, now: Date = new Date()): Promise<void> {
  const expiry = variables[EXPIRY];
  if (expiry !== undefined && Date.parse(expiry) <= now.getTime())
    throw refused(`The AWS credentials of the run expired at ${new Date(expiry).toISOString()} (${EXPIRY}).`, EXPIRY);
  for (const [one, other] of PAIRS) {
    const missing = has(variables, one) === has(variables, other) ? undefined : has(variables, one) ? other : one;
    if (missing !== undefined) throw refused(`${missing} is missing, though its counterpart is set.`, missing);
  }
  for (const name of FILES) {
    const path = variables[name];
    // GOOGLE_APPLICATION_CREDENTIALS may hold the JSON itself for some tools; only a path can be missing.
    if (path === undefined || path === "" || path.trimStart().startsWith("{")) continue;
    await access(path, constants.R_OK).catch((cause: unknown) => {
      throw refused(`The file that ${name} names cannot be read.`, name, cause);
    });
  }
}

function has(variables: Readonly<Record<string, string>>, name: string): boolean {
  return (variables[name] ?? "") !== "";
}

function refused(message: string, variable: string, cause?: unknown): OpsError {
  return new OpsError("credentials", message, { details: { variable }, ...(cause === undefined ? {} : { cause }) });
}
