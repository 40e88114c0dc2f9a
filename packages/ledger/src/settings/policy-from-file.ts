import { statSync } from "node:fs";
import { dirname } from "node:path";
import { matchesGlob } from "./glob.ts";
import { absolutePath, fromHome } from "./paths.ts";
import { DEFAULT_ENVIRONMENT, type AutoRule, type Environment, type Policy } from "./policy.ts";
import type { SettingProblem } from "./problems.ts";
import { environmentRemoteFrom } from "./remote-from-file.ts";
import type { PolicyFile } from "./schema.ts";
import { didYouMean } from "./suggestion.ts";
import type { YamlFile } from "./yaml-file.ts";

const DEFAULT_HOURS = 72;
/** The words of a policy are checked against each other in one file: the one that speaks. */
export interface PolicySource {
  readonly file: YamlFile;
  readonly content: Pick<PolicyFile, "environments" | "approvals">;
  /** The user who must own every file that the policy relies on; undefined: this user or root. */
  readonly owner: number | undefined;
}

/** Environments and approvals of one file, or the defaults where there is none. */
export function policyFrom(
  source: PolicySource | undefined,
  home: string,
): { policy: Pick<Policy, "environments" | "approvals">; problems: SettingProblem[] } {
  const problems: SettingProblem[] = [];
  const report = (path: PropertyKey[], message: string): void => {
    problems.push({ setting: path.join("."), from: source === undefined ? "default" : source.file.where(path), message });
  };
  const said: Pick<PolicyFile, "environments" | "approvals"> = source?.content ?? {};
  const place = (path: string): string => absolutePath(path, source === undefined ? home : dirname(source.file.path), home);
  const auto: AutoRule[] = said.approvals?.auto ?? [];
  const signed = said.approvals?.signed;
  const environments = readEnvironments(said.environments ?? [], auto, home, report);
  checkAuto(auto, environments, report);
  if (signed === undefined) {
    environments.forEach(({ name, channels }, index) => {
      if (channels.includes("signed"))
        report(
          ["environments", index, "channels"],
          `Environment ${name} is decided by signature, but approvals.signed.allowed_signers is not set.`,
        );
    });
  } else {
    for (const key of ["allowed_signers", "revoked"] as const) {
      const problem = signed[key] === undefined ? undefined : vouchingFileProblem(place(signed[key]), source?.owner);
      if (problem !== undefined) report(["approvals", "signed", key], problem);
    }
  }
  const policy: Pick<Policy, "environments" | "approvals"> = {
    environments,
    approvals: {
      auto,
      ...(signed === undefined
        ? {}
        : {
            signed: {
              allowed_signers: place(signed.allowed_signers),
              ...(signed.revoked === undefined ? {} : { revoked: place(signed.revoked) }),
              required: signed.required ?? 1,
            },
          }),
      hours: said.approvals?.hours ?? DEFAULT_HOURS,
      notify: {
        ...(said.approvals?.notify?.command === undefined ? {} : { command: said.approvals.notify.command }),
        ...(said.approvals?.notify?.webhook === undefined ? {} : { webhook: said.approvals.notify.webhook }),
      },
    },
  };
  return { policy, problems };
}

type Report = (path: PropertyKey[], message: string) => void;
type EnvironmentInFile = NonNullable<PolicyFile["environments"]>[number];

function readEnvironments(inFile: readonly EnvironmentInFile[], auto: readonly AutoRule[], home: string, report: Report): Environment[] {
  const list = inFile.map((each, index): Environment => {
    const isProtected = each.protected ?? false;
    const isAuto = !isProtected && auto.some((rule) => rule.environments.some((glob) => matchesGlob(glob, each.name)));
    const channels = each.channels ?? (isProtected || (each.required ?? 1) > 1 ? (["signed"] as const) : (["elicit", "cli"] as const));
    if (isProtected && channels.some((channel) => channel !== "signed"))
      report(["environments", index, "channels"], `Environment ${each.name} is protected: it accepts "signed" only.`);
    if ((each.required ?? 1) > 1 && channels.some((channel) => channel !== "signed")) {
      report(
        ["environments", index, "required"],
        `Only signatures can be counted: with required: ${each.required} the channels of ${each.name} must be [signed].`,
      );
    }
    if (inFile.findIndex(({ name }) => name === each.name) !== index)
      report(["environments", index, "name"], `Two environments are called ${each.name}.`);
    if (each.match === undefined && index !== inFile.length - 1)
      report(["environments", index, "match"], `Environment ${each.name} has no match, so it takes everything; it must be the last one.`);
    if (each.match !== undefined && Object.keys(each.match).length === 0)
      report(
        ["environments", index, "match"],
        `The match of ${each.name} is empty; name config_paths, clusters or nodes, or leave match out.`,
      );
    const match = {
      ...each.match,
      ...(each.match?.config_paths === undefined ? {} : { config_paths: each.match.config_paths.map((glob) => fromHome(glob, home)) }),
    };
    return {
      name: each.name,
      match: match as Environment["match"],
      protected: isProtected,
      channels: [...new Set([...channels, ...(isAuto ? (["auto"] as const) : [])])],
      ...(each.required === undefined ? {} : { required: each.required }),
      ...(each.remote === undefined ? {} : { remote: environmentRemoteFrom(each.remote) }),
    };
  });
  if (inFile.some((each) => each.match === undefined)) return list;
  if (list.some(({ name }) => name === DEFAULT_ENVIRONMENT)) {
    report(
      ["environments"],
      `An environment called ${DEFAULT_ENVIRONMENT} takes everything that no other one does; it must have no match and be the last one.`,
    );
  }
  const isAuto = auto.some((rule) => rule.environments.some((glob) => matchesGlob(glob, DEFAULT_ENVIRONMENT)));
  return [
    ...list,
    { name: DEFAULT_ENVIRONMENT, match: {}, protected: false, channels: ["elicit", "cli", ...(isAuto ? (["auto"] as const) : [])] },
  ];
}

function checkAuto(auto: readonly AutoRule[], environments: readonly Environment[], report: Report): void {
  auto.forEach((rule, index) => {
    rule.environments.forEach((glob, at) => {
      const meant = environments.filter(({ name }) => matchesGlob(glob, name));
      const path = ["approvals", "auto", index, "environments", at];
      if (meant.length === 0)
        report(
          path,
          `No environment is called ${JSON.stringify(glob)}.${didYouMean(
            glob,
            environments.map(({ name }) => name),
          )}`,
        );
      for (const { name, protected: isProtected } of meant) {
        if (isProtected && glob === name) report(path, `Environment ${name} is protected: nothing in it is approved by rule.`);
      }
    });
  });
}

/** What is wrong with a file that says who may sign, or undefined: whoever may write it may approve everything. */
export function vouchingFileProblem(path: string, owner: number | undefined): string | undefined {
  let stat;
  try {
    stat = statSync(path);
  } catch {
    return `${path} cannot be read; create it, or correct the path.`;
  }
  if (!stat.isFile()) return `${path} is not a plain file.`;
  return ownershipProblem(path, stat, owner);
}

/** What is wrong with the owner or mode of a file that policy is taken from, or undefined. `owner` undefined: this user or root. */
export function ownershipProblem(
  path: string,
  stat: { uid: number; gid: number; mode: number },
  owner: number | undefined,
): string | undefined {
  const accepted = owner === undefined ? [process.getuid?.(), 0] : [owner];
  if (process.getuid !== undefined && !accepted.includes(stat.uid)) {
    return `${path} belongs to user ${stat.uid}; it must belong to ${owner === undefined ? "you or root" : `user ${owner}`}.`;
  }
  // Many systems give each user a group of their own and make files writable by it.
  const ownGroup = owner === undefined && stat.gid === process.getgid?.();
  if ((stat.mode & 0o002) !== 0 || ((stat.mode & 0o020) !== 0 && !ownGroup))
    return `${path} can be written by others (mode ${(stat.mode & 0o777).toString(8)}); run: chmod go-w ${path}`;
  return undefined;
}
