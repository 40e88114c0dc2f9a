import { togetherProblems } from "./file-problems.ts";
import { httpFrom } from "./http-from-file.ts";
import { metaWorkflowsFrom } from "./meta-workflows-from-file.ts";
import { narrowedPolicy, type NarrowedPolicy } from "./narrowed-policy.ts";
import { ordinarySettings } from "./ordinary-settings.ts";
import { settingsInvalid } from "./problems.ts";
import { Reading } from "./reading.ts";
import { remoteFrom } from "./remote-from-file.ts";
import type { RemoteSettings } from "./remote.ts";
import type { ConfigFile, PolicyFile } from "./schema.ts";
import { type FileOf, type Places, placesOf, readConfigFile, readSystemPolicy } from "./settings-files.ts";
import type { Effective, Settings, SettingsSources } from "./settings.ts";

/**
 * Reads flags, environment and files. Ordinary settings: flag > environment > file > default. Policy: from the system's
 * file where there is one, else from the operator's; flags and environment only narrow it, and define allow-lists only
 * where no file speaks.
 * @throws OpsError `settings_invalid` with all problems at once.
 */
export function readSettings(sources: SettingsSources): Effective {
  const effective = surveySettings(sources);
  if (effective.problems.length > 0) throw settingsInvalid(effective.problems);
  return effective;
}

/**
 * The same, but what is wrong is told in `problems`, and where it stood there is what would be without it. For what helps a
 * person to set them right, and acts by no policy.
 */
export function surveySettings(sources: SettingsSources): Effective {
  const reading = new Reading(sources);
  const places = placesOf(reading);
  const system = readSystemPolicy(reading);
  const config = readConfigFile(reading, places);
  const ordinary = ordinarySettings(reading, config);
  const policy = narrowedPolicy(reading, system, config);
  return effectiveOf(reading, places, config, system, ordinary, policy);
}

/** Settings and policy in force, from their parts; what is wrong between parts is a problem too. */
function effectiveOf(
  reading: Reading,
  places: Places,
  config: FileOf<ConfigFile> | undefined,
  system: FileOf<PolicyFile> | undefined,
  ordinary: Record<string, unknown>,
  policy: NarrowedPolicy,
): Effective {
  const { home } = reading.sources;
  const files = [system, config].filter((file) => file !== undefined);
  const tree = ordinary as unknown as Settings;
  const hours = (ordinary["terraform"] as { approval_hours?: number } | undefined)?.approval_hours;
  if (hours !== undefined && hours > policy.approvals.hours) {
    reading.problems.push({
      setting: "terraform.approval_hours",
      from: reading.origin["terraform.approval_hours"] ?? "default",
      message: `It is ${hours}; approvals.hours allows at most ${policy.approvals.hours}.`,
      example: String(policy.approvals.hours),
    });
  }
  const remote = remoteFrom(tree.remote, files, policy.clusters?.values ?? [], home);
  reading.problems.push(...remote.problems);
  reading.notes.push(...remote.notes);
  const settings: Settings = {
    ...tree,
    home: places.home,
    configFile: config === undefined ? undefined : places.configFile,
    cache: places.cache,
    temporal: { ...tree.temporal },
    terraform: {
      ...tree.terraform,
      roots: policy.roots?.values ?? [],
      env: policy.env?.values ?? [],
      approval_hours: hours ?? policy.approvals.hours,
    },
    remote: {
      ...remote.remote,
      remedies: (config?.content.remote?.remedies as RemoteSettings["remedies"] | undefined) ?? {},
    },
    meta_workflows: metaWorkflowsFrom(tree.meta_workflows, files, home),
    http: httpFrom(tree.http, files, home),
    ...(policy.toolsets === undefined ? {} : { toolsets: policy.toolsets.values }),
    read_only: policy.read_only,
  };
  if (settings.temporal.address === "local") delete settings.temporal.address;
  else if (settings.temporal.address !== undefined && !/:\d+$/.test(settings.temporal.address)) settings.temporal.address += ":7233";
  reading.problems.push(...togetherProblems(settings, reading.origin));
  return {
    settings,
    policy: {
      environments: policy.environments,
      approvals: policy.approvals,
      roots: policy.roots?.byFile === true ? policy.roots.values : undefined,
      read_only: policy.read_only,
      toolsets: policy.toolsets?.values,
    },
    origin: reading.origin,
    rest: reading.flags.rest,
    files: { config: config?.file.path, policy: system?.file.path },
    notes: reading.notes,
    problems: reading.problems,
  };
}
