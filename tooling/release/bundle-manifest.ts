import { binName, launchOf, type PackageFacts } from "./launch.ts";

/** What the built server answers to a client's opening, of which a bundle tells the tools before it is started. */
export interface BundledOpening {
  readonly capabilities: { readonly prompts?: object };
  readonly tools: readonly { readonly name: string; readonly title?: string; readonly description?: string }[];
}

/**
 * The manifest of a server's .mcpb bundle (https://github.com/modelcontextprotocol/mcpb, MANIFEST.md, version 0.3): how Claude
 * Desktop starts it, and what it asks the person for before.
 */
export function bundleManifest(server: string, facts: PackageFacts, opening: BundledOpening): object {
  const launch = launchOf(server);
  const setup = launch.durable ? ` Once, at a terminal: \`npx -y ${facts.name} setup\` brings Temporal and the worker's runtime.` : "";
  return {
    manifest_version: "0.3",
    name: binName(facts),
    display_name: launch.title,
    version: facts.version,
    description: facts.description,
    long_description: `${facts.description}.${setup}`,
    author: { name: facts.author },
    repository: { type: "git", url: facts.repository.url.replace(/^git\+/, "") },
    homepage: facts.homepage,
    documentation: facts.homepage,
    support: facts.bugs,
    server: {
      type: "node",
      entry_point: "dist/bin.js",
      mcp_config: {
        command: "node",
        args: ["${__dirname}/dist/bin.js", ...(launch.root ? ["--root", "${user_config.root}"] : [])],
        env: {},
      },
    },
    tools: opening.tools.map(({ name, title, description }) => ({ name, description: firstSentence(description ?? title ?? name) })),
    ...(opening.capabilities.prompts === undefined ? {} : { prompts_generated: true }),
    keywords: [...facts.keywords],
    license: facts.license,
    compatibility: { platforms: ["darwin", "linux"], runtimes: { node: facts.engines.node } },
    ...(launch.root ? { user_config: { root: ROOT_FIELD } } : {}),
  };
}

const ROOT_FIELD = {
  type: "directory",
  title: "Infrastructure folder",
  description: "The folder in which infra.yaml and its workspaces lie. Nothing outside of it is run.",
  required: true,
};

const firstSentence = (text: string): string => /^.*?[.;](?=\s|$)/s.exec(text)?.[0].replace(/;$/, ".") ?? text;
