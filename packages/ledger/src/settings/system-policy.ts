/** The system's policy: wins over the operator's file where it is there and belongs to root. */
export const SYSTEM_POLICY_FILE = "/etc/platform-ops/policy.yaml";
