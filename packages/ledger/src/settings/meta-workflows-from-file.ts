import { dirname } from "node:path";
import type { MetaWorkflowsPolicy } from "./meta-workflows-schema.ts";
import { absolutePath } from "./paths.ts";
import type { MetaWorkflowsSettings } from "./settings.ts";
import type { YamlFile } from "./yaml-file.ts";

/** The scalars of section `meta_workflows`, as flags, environment and file give them. */
interface MetaWorkflowsScalars extends Omit<MetaWorkflowsSettings, "definitions_path" | keyof MetaWorkflowsPolicy> {
  definitions_path?: string | string[];
}

/**
 * Section `meta_workflows`: the scalars, and what runbooks may start, which files alone say: of each part the strongest file
 * that names it.
 *
 * @param files the system's policy and the operator's file, as far as they are there
 */
export function metaWorkflowsFrom(
  scalars: MetaWorkflowsScalars,
  files: readonly { file: YamlFile; content: { meta_workflows?: MetaWorkflowsPolicy | undefined } }[],
  home: string,
): MetaWorkflowsSettings {
  const speaking = <K extends keyof MetaWorkflowsPolicy>(part: K) => {
    const found = files.find(({ content }) => content.meta_workflows?.[part] !== undefined);
    const place = (path: string): string => absolutePath(path, found === undefined ? home : dirname(found.file.path), home);
    return { said: found?.content.meta_workflows?.[part], place };
  };
  const folders = speaking("working_directories");
  const servers = speaking("servers");
  const secrets = speaking("secrets");
  const github = speaking("github").said;
  return {
    ...scalars,
    definitions_path: [scalars.definitions_path ?? []].flat(),
    working_directories: (folders.said ?? []).map(folders.place),
    programs: speaking("programs").said ?? [],
    servers: Object.fromEntries(
      Object.entries(servers.said ?? {}).map(([name, { command, env = [], cwd }]) => [
        name,
        { command, env, ...(cwd === undefined ? {} : { cwd: servers.place(cwd) }) },
      ]),
    ),
    variables: speaking("variables").said ?? [],
    definition_variables: speaking("definition_variables").said ?? [],
    http_hosts: speaking("http_hosts").said ?? [],
    secrets: Object.fromEntries(
      Object.entries(secrets.said ?? {}).map(([name, from]) => [name, "file" in from ? { file: secrets.place(from.file) } : from]),
    ),
    ...(github === undefined ? {} : { github: { ...github, api_url: github.api_url ?? "https://api.github.com" } }),
  };
}
