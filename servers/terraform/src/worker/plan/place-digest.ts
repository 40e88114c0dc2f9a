import { canonicalJson, keyedDigest, type Keyring } from "@platform-ops/ledger";
import { isBaseVariable } from "../../terraform/child-environment.ts";

/** Base variables by which programs find profiles, credentials and settings. */
const FINDS_SETTINGS = new Set(["HOME", "XDG_CONFIG_HOME", "TF_CLI_CONFIG_FILE", "TF_ENCRYPTION"]);

/** Parts of an identity that another variable names (key id, client id, host), and that are renewed for the same one. */
const RENEWED =
  /^(AWS_SECRET_ACCESS_KEY|AWS_SESSION_TOKEN|AWS_SECURITY_TOKEN|AWS_CREDENTIAL_EXPIRATION|ARM_CLIENT_SECRET|AZURE_CLIENT_SECRET|ARM_OIDC_(REQUEST_)?TOKEN|TF_TOKEN_.*)$/;

/**
 * Keyed digest of where and as whom a run's variables let a program work: account, region, project, profile, `TF_VAR_*`. A
 * plan file does not tell that, so that plans of two accounts over one state can look the same. What is merely renewed for
 * the same identity is left out.
 */
export function placeDigest(keys: Keyring, variables: Readonly<Record<string, string>>): string {
  const deciding = Object.entries(variables).filter(([name]) => !RENEWED.test(name) && (!isBaseVariable(name) || FINDS_SETTINGS.has(name)));
  return keyedDigest(keys, canonicalJson(Object.fromEntries(deciding)));
}
