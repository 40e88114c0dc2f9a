import {
  openApprovals,
  openArtifacts,
  openAudit,
  openDataDirectory,
  openKeys,
  Redactor,
  type Approvals,
  type Keyring,
} from "@platform-ops/ledger";
import type { TestHome } from "./home.ts";

/** The ledger of a test's data directory, opened as anybody with the operator's account could: with its keys and an open policy. */
export async function ledgerOf(
  { home }: Pick<TestHome, "home">,
  environment = "default",
  channels = ["elicit", "cli"],
): Promise<{ keys: Keyring; approvals: Approvals }> {
  const dir = await openDataDirectory(home);
  const keys = await openKeys(dir);
  const policy = {
    environments: [{ name: environment, match: {}, protected: false, channels }],
    approvals: { auto: [], hours: 72, notify: {} },
    roots: undefined,
    read_only: false,
    toolsets: undefined,
  };
  return {
    keys,
    approvals: openApprovals({
      dir,
      keys,
      policy: policy as never,
      audit: openAudit(dir, new Redactor()),
      artifacts: openArtifacts(dir, keys),
    }),
  };
}
