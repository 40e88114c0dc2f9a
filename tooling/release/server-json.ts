import { launchOf, type Launch, type PackageFacts } from "./launch.ts";

/** Of the MCP registry, https://github.com/modelcontextprotocol/registry (docs/modelcontextprotocol-io/package-types.mdx). */
const SCHEMA = "https://static.modelcontextprotocol.io/schemas/2025-12-11/server.schema.json";

/** An .mcpb bundle that a release carries. */
export interface ReleasedBundle {
  readonly url: string;
  readonly sha256: string;
}

/**
 * A server's entry in the MCP registry: its npm package, and of a release also its bundle. The registry believes it where the
 * package's `mcpName` is the same name.
 */
export function serverJson(server: string, facts: PackageFacts, bundle?: ReleasedBundle): object {
  const launch = launchOf(server);
  const npm = {
    registryType: "npm",
    identifier: facts.name,
    version: facts.version,
    runtimeHint: "npx",
    transport: { type: "stdio" },
    ...(launch.root ? { packageArguments: [ROOT_ARGUMENT] } : {}),
    environmentVariables: variables(launch),
  };
  const mcpb = bundle && { registryType: "mcpb", identifier: bundle.url, fileSha256: bundle.sha256, transport: { type: "stdio" } };
  return {
    $schema: SCHEMA,
    name: facts.mcpName,
    title: launch.title,
    description: facts.description,
    version: facts.version,
    websiteUrl: facts.homepage,
    repository: {
      url: facts.repository.url.replace(/^git\+/, "").replace(/\.git$/, ""),
      source: "github",
      subfolder: facts.repository.directory,
    },
    packages: mcpb === undefined ? [npm] : [npm, mcpb],
  };
}

const ROOT_ARGUMENT = {
  type: "named",
  name: "--root",
  description: "A folder in which infra.yaml and its workspaces may lie",
  format: "filepath",
  isRequired: true,
  isRepeated: true,
};

function variables({ durable }: Launch): object[] {
  const file = (name: string, description: string): object => ({ name, description, format: "filepath", isRequired: false });
  const text = (name: string, description: string, isSecret = false): object => ({ name, description, isRequired: false, isSecret });
  return [
    file("PLATFORM_OPS_CONFIG", "The operator's file: settings and policy"),
    file("PLATFORM_OPS_HOME", "The data directory"),
    ...(durable
      ? [
          text("TEMPORAL_ADDRESS", "A Temporal cluster, host:port; without it a local one is kept"),
          text("TEMPORAL_NAMESPACE", "The namespace in that cluster"),
          text("TEMPORAL_API_KEY", "The key for that cluster", true),
        ]
      : []),
  ];
}
