import { chmod, mkdir, readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import {
  openApprovals,
  openArtifacts,
  openAudit,
  openDataDirectory,
  openKeys,
  openTokens,
  readSettings,
  Redactor,
} from "@platform-ops/ledger";
import { temporaryPolicy } from "@platform-ops/ledger/testing";

/** When everything in a sample happened. */
const THEN = new Date("2026-01-02T03:04:05.000Z");
const ITEM = { what: "terraform:network", digest: "a".repeat(64) };

const CONFIGURATION = `temporal: { address: "temporal.example:7233", namespace: ops }
terraform: { roots: [/srv/infra], parallelism: 3 }
environments:
  - { name: production, match: { config_paths: ["/srv/infra/prod/**"] }, protected: false, channels: [cli] }
  - { name: lab, match: { clusters: [lab] }, channels: [elicit, cli] }
approvals:
  hours: 24
  auto: [{ environments: [lab], workspaces: ["*"], changes: [create] }]
remote: { clusters: { lab: { transport: local } } }
logging: { level: warn }
`;

/** What is in a sample, by whoever reads it. */
export interface SampleFacts {
  readonly id: string;
  readonly artifact: string;
  readonly approver: string;
  readonly audited: readonly string[];
  readonly tokens: readonly string[];
  readonly settings: object;
}

/** Writes a data directory, and an operator's file beside it, as this version does. */
export async function writeSampleHome(folder: string): Promise<void> {
  const { artifacts, approvals, tokens } = await openParts(join(folder, "home"));
  await artifacts.putJson({ kept: "from then" });
  const { id } = await approvals.request({
    server: "terraform",
    run_id: "terraform-parent-workflow-sample",
    kind: "apply",
    environment: "default",
    requester: "agent:sample@ann",
    subject: [ITEM],
    title: "Apply 1 workspace",
    summary: "network: 1 to add",
    channels: ["elicit", "cli"],
    required: 1,
    expires_at: new Date(THEN.getTime() + 3_600_000).toISOString(),
  });
  await approvals.decide({ id, decision: "approved", channel: "cli", approver: "tty:ann" });
  await tokens.create({
    server: "terraform",
    principal: "ci",
    read_only: true,
    created_by: "tty:ann",
    expires_at: new Date(THEN.getTime() + 3_600_000).toISOString(),
  });
  await writeFile(join(folder, "config.yaml"), CONFIGURATION);
}

/** Reads one as this version does; a decision in it must still hold. */
export async function readSampleHome(folder: string): Promise<SampleFacts> {
  // Modes are not kept by git.
  await makePrivate(folder);
  const { dir, artifacts, approvals, audit, tokens } = await openParts(join(folder, "home"));
  const [digest = ""] = (await readdir(dir.path("artifacts"), { recursive: true })).flatMap(
    (name) => /[0-9a-f]{64}$/.exec(name)?.[0] ?? [],
  );
  const [request] = await approvals.list({});
  const [record] = await approvals.records(request?.id ?? "");
  if (request === undefined || record === undefined) throw new Error("the sample's decision cannot be read");
  await approvals.verify(record, { run_id: request.run_id, item: ITEM });
  const { settings, policy } = readSettings({
    argv: ["--config", join(folder, "config.yaml"), "--home", join(folder, "home")],
    env: {},
    cwd: folder,
    home: folder,
    platform: "linux",
  });
  return {
    id: dir.id,
    artifact: JSON.stringify(await artifacts.getJson(digest)),
    approver: record.approver,
    audited: (await audit.read({ date: THEN.toISOString().slice(0, 10) })).map(({ kind }) => kind),
    tokens: (await tokens.list()).map(({ principal }) => principal),
    settings: {
      address: settings.temporal.address,
      roots: policy.roots,
      parallelism: settings.terraform.parallelism,
      environments: policy.environments.map(({ name, channels }) => `${name}: ${channels.join(" ")}`),
      auto: policy.approvals.auto.length,
    },
  };
}

async function openParts(home: string) {
  await mkdir(home, { recursive: true, mode: 0o700 });
  const dir = await openDataDirectory(home);
  const keys = await openKeys(dir);
  const now = (): Date => THEN;
  const audit = openAudit(dir, new Redactor(), { now });
  const artifacts = openArtifacts(dir, keys);
  const approvals = openApprovals({ dir, keys, policy: temporaryPolicy(), audit, artifacts, now });
  return { dir, audit, artifacts, approvals, tokens: openTokens(dir, audit, now) };
}

async function makePrivate(folder: string): Promise<void> {
  for (const entry of await readdir(folder, { withFileTypes: true, recursive: true }))
    await chmod(join(entry.parentPath, entry.name), entry.isDirectory() ? 0o700 : 0o600);
}
