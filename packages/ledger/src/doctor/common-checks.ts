import { access, chmod, constants, stat } from "node:fs/promises";
import type { Ledger } from "../open-ledger.ts";
import type { Policy } from "../settings/policy.ts";
import { settingsInvalid, type SettingProblem } from "../settings/problems.ts";
import type { Effective } from "../settings/settings.ts";
import { SETTINGS_CHECK, type Check } from "./check.ts";
import { clockCheck } from "./clock-check.ts";
import { dataDirectoryChecks } from "./data-directory-checks.ts";
import { programCheck, type ProgramSurroundings } from "./program-check.ts";

/** A week. */
const SOON_MS = 7 * 86_400_000;
const LEAST_NODE: readonly [number, number] = [20, 19];

/** What the checks that every server shares look at. */
export interface CommonSurroundings extends ProgramSurroundings {
  readonly settings: Pick<Effective["settings"], "home">;
  readonly policy: Policy;
  readonly files: Effective["files"];
  readonly notes: readonly string[];
  readonly problems: readonly SettingProblem[];
  readonly builtAt: string | undefined;
  open(): Promise<Ledger>;
}

/** What every server needs: Node, a data directory with its keys and room, the operator's files, the clock, and channels that prove what they should. */
export async function commonChecks(around: CommonSurroundings): Promise<Check[]> {
  const { settings, policy, open, builtAt } = around;
  const kept = await dataDirectoryChecks({ home: settings.home, open });
  return [
    nodeCheck(process.execPath),
    ...kept,
    ...(await Promise.all([configCheck(around), clockCheck({ home: settings.home, builtAt })])),
    approvalCheck(policy),
    ...(await signingChecks(around)),
    ...(kept.some(({ id, status }) => id === "keys" && status === "ok") ? await tokenCheck(open) : []),
  ];
}

function nodeCheck(path: string): Check {
  const version = process.versions.node;
  const [major = 0, minor = 0] = version.split(".").map(Number);
  const ok = major > LEAST_NODE[0] || (major === LEAST_NODE[0] && minor >= LEAST_NODE[1]);
  const wanted = `>= ${LEAST_NODE.join(".")}`;
  return {
    id: "node",
    name: "Node",
    status: ok ? "ok" : "broken",
    version,
    path,
    wanted,
    ...(ok ? {} : { cure: `Install Node ${LEAST_NODE.join(".")} or newer.` }),
  };
}

/** What is wrong with the settings, wherever they were said; else what the operator's file says quietly. */
async function configCheck({ files, notes, problems }: CommonSurroundings): Promise<Check> {
  const about = { id: SETTINGS_CHECK, name: "operator's file" } as const;
  const path = files.config;
  if (problems.length > 0) {
    const [found = "", ...lines] = settingsInvalid(problems).message.split("\n");
    return { ...about, name: "settings", ...(path && { path }), status: "broken", found: found.replace(/:$/, ""), cure: lines.join("\n") };
  }
  const policy = files.policy === undefined ? "" : `; policy from ${files.policy}`;
  if (notes.length > 0)
    return { ...about, ...(path && { path }), status: "warn", found: `${notes.length} note(s)${policy}`, cure: notes.join(" ") };
  if (path === undefined) return { ...about, status: "ok", found: `none; defaults are in force${policy}` };
  const mode = (await stat(path)).mode & 0o777;
  if ((mode & 0o022) === 0) return { ...about, path, status: "ok", found: `mode ${mode.toString(8)}${policy}` };
  return {
    ...about,
    path,
    status: "warn",
    found: `mode ${mode.toString(8)}: its group can write it, and it says who approves`,
    wanted: "written by you alone",
    cure: `Run: chmod go-w ${path}`,
    mend: { what: `Take the right to write ${path} from others`, run: () => chmod(path, mode & 0o755) },
  };
}

/** What the channels in force do not prove; said here because it is read by who sets this up. */
function approvalCheck({ environments }: Policy): Check {
  const about = { id: "approvals", name: "approvals" } as const;
  const weak = environments.filter((environment) => environment.channels.some((channel) => channel !== "signed"));
  if (weak.length === 0) return { ...about, status: "ok", found: "by signature" };
  return {
    ...about,
    status: "warn",
    found: weak.map(({ name, channels }) => `${name}: ${channels.join(", ")}`).join("; "),
    cure: "An agent that has a shell of this account can use the channels cli and elicit. Signatures, or another user for the servers, stop that.",
  };
}

/** What signed approvals need, where the policy has them. */
async function signingChecks(around: CommonSurroundings): Promise<Check[]> {
  const { environments, approvals } = around.policy;
  const { signed } = approvals;
  if (signed === undefined && !environments.some(({ channels }) => channels.includes("signed"))) return [];
  const keygen = await programCheck(
    { id: "ssh_keygen", program: "ssh-keygen", cure: "Install OpenSSH's client programs: signatures are verified by it." },
    around,
  );
  const about = {
    id: "allowed_signers",
    name: "allowed signers",
    wanted: "a file of public keys (approvals.signed.allowed_signers)",
  } as const;
  if (signed === undefined)
    return [
      keygen,
      {
        ...about,
        status: "missing",
        cure: "Name the file in approvals.signed.allowed_signers of the operator's file: a line for each person, a name and an SSH public key.",
      },
    ];
  const path = signed.allowed_signers;
  const isThere = await access(path, constants.R_OK).then(
    () => true,
    () => false,
  );
  return [
    keygen,
    isThere
      ? { ...about, status: "ok", path }
      : { ...about, status: "missing", path, cure: `Write ${path}: one line for each key that may approve.` },
  ];
}

/** The bearer tokens of `http`, where any were made. */
async function tokenCheck(open: () => Promise<Ledger>): Promise<Check[]> {
  const about = { id: "http_tokens", name: "HTTP tokens" } as const;
  const grants = await (await open()).tokens.list();
  if (grants.length === 0) return [];
  const unrevoked = grants.filter(({ revoked_at }) => revoked_at === undefined);
  const valid = unrevoked.filter(({ expires_at }) => Date.parse(expires_at) > Date.now());
  const found = `${valid.length} valid, ${unrevoked.length - valid.length} expired, ${grants.length - unrevoked.length} revoked`;
  const soon = valid.filter(({ expires_at }) => Date.parse(expires_at) - Date.now() < SOON_MS);
  if (soon.length === 0) return [{ ...about, status: "ok", found }];
  const named = soon.map(({ id, principal, expires_at }) => `${id} of ${principal} (${expires_at})`).join(", ");
  return [{ ...about, status: "warn", found, cure: `Soon taken no more: ${named}. Make new ones with: token create` }];
}
