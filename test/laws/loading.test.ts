import { codeLaw, type Violation } from "./law.ts";
import { loadedBy } from "./reach.ts";
import type { Source } from "./repository.ts";

const told = (trail: readonly string[], specifier: string): Violation => `${[...trail, specifier].join(" → ")}`;

/** What a workflow's sandbox may run: deterministic and free of effects. `@temporalio/common` is what `@temporalio/workflow` itself is made of. */
const PURE = new Set(["@temporalio/workflow", "@temporalio/common", "@platform-ops/errors", "@platform-ops/orchestration/workflow"]);
/** Pure packages that a runbook's run needs: expressions, patterns in linear time, SHA-256, JSON Schema. */
const OF_A_RUN =
  /^(?:@platform-ops\/meta-workflow-registry\/(?:run|expression|validate-value)|@marcbachmann\/cel-js|re2js|@noble\/hashes\/.+|ajv\/dist\/2020\.js)$/;
const isPure = (specifier: string): boolean => specifier.startsWith(".") || PURE.has(specifier) || OF_A_RUN.test(specifier);
const isWorkflow = (path: string): boolean =>
  /^servers\/[^/]+\/src\/worker\/workflow\.ts$|^packages\/orchestration\/src\/workflow\.ts$/.test(path);

codeLaw("Law 1: workflow code imports only @temporalio/workflow, pure packages and types", {
  check: (sources) => fromEntries(sources, isWorkflow, (specifier) => !isPure(specifier)),
  broken: {
    "servers/terraform/src/worker/workflow.ts": 'import { readFile } from "node:fs/promises";',
    "packages/orchestration/src/workflow.ts": 'import { seal } from "@platform-ops/ledger";',
  },
  kept: {
    "servers/terraform/src/worker/workflow.ts":
      'import type { Activities } from "./activities.ts";\nimport { sleep } from "@temporalio/workflow";',
  },
});

codeLaw("What a runbook's run takes from the registry runs in a workflow's sandbox: no files, no YAML, no zod", {
  check: (sources) =>
    fromEntries(
      sources,
      (path) => /^packages\/meta-workflow-registry\/src\/(?:expression\/index|run\/index|definition\/validate-value)\.ts$/.test(path),
      (specifier) => !isPure(specifier) || specifier.startsWith("@temporalio/"),
    ),
  broken: {
    "packages/meta-workflow-registry/src/expression/index.ts": 'import { createHash } from "node:crypto";',
    "packages/meta-workflow-registry/src/run/index.ts": 'import { z } from "zod";',
    "packages/meta-workflow-registry/src/definition/validate-value.ts": 'import { parse } from "yaml";',
  },
  kept: { "packages/meta-workflow-registry/src/expression/index.ts": 'import { RE2JS } from "re2js";\nimport type { Node } from "yaml";' },
});

codeLaw("Temporal is not touched before the first call that needs it: starting a server loads none of it", {
  check: (sources) =>
    fromEntries(
      sources,
      (path) => /^servers\/[^/]+\/src\/bin\.ts$/.test(path),
      (specifier) => specifier.startsWith("@temporalio/") || /^@platform-ops\/orchestration\/(client|worker|workflow)$/.test(specifier),
    ),
  broken: {
    "servers/terraform/src/bin.ts": 'import { connect } from "@platform-ops/orchestration/client";',
    "servers/planted/src/bin.ts": 'import "@temporalio/client";',
  },
  kept: { "servers/terraform/src/bin.ts": 'export const later = () => import("@platform-ops/orchestration/client");' },
});

codeLaw("What reads clients' configuration files is loaded by `install` alone", {
  check: (sources) =>
    fromEntries(
      sources,
      (path) => /^servers\/[^/]+\/src\/(bin|whole-start|commands\/index)\.ts$|^packages\/mcp-kit\/src\/(index|start-up)\.ts$/.test(path),
      (specifier) => /^(jsonc-parser|smol-toml)$/.test(specifier) || specifier === "@platform-ops/mcp-kit/install",
    ),
  broken: {
    "servers/terraform/src/commands/index.ts": 'import { putIn } from "@platform-ops/mcp-kit/install";',
    "packages/mcp-kit/src/index.ts": 'import { parse } from "jsonc-parser";',
  },
  kept: { "servers/terraform/src/commands/index.ts": 'export const later = () => import("@platform-ops/mcp-kit/install");' },
});

codeLaw("What speaks SSH or starts programs is loaded by the first command, not with a server or with remote-command", {
  check: (sources) =>
    fromEntries(
      sources,
      (path) => /^servers\/[^/]+\/src\/(bin|whole-start)\.ts$/.test(path) || path === "packages/remote-command/src/index.ts",
      (specifier) => specifier === "ssh2" || specifier === "execa",
    ),
  broken: {
    "servers/planted/src/bin.ts": 'import { Client } from "ssh2";',
    "packages/remote-command/src/index.ts": 'export { execa } from "execa";',
  },
  kept: {
    "packages/remote-command/src/index.ts": 'import type { Client } from "ssh2";\nexport const later = () => import("ssh2");',
  },
});

codeLaw("What serves HTTP is loaded by its subcommand, never with a server", {
  check: (sources) =>
    fromEntries(
      sources,
      (path) => /^servers\/[^/]+\/src\/(bin|whole-start)\.ts$/.test(path) || path === "packages/mcp-kit/src/index.ts",
      (specifier) => specifier === "@platform-ops/mcp-kit/http" || /(?:^|\/)http\/[a-z-]+\.ts$/.test(specifier),
    ),
  broken: {
    "servers/planted/src/whole-start.ts": 'import { serveHttp } from "@platform-ops/mcp-kit/http";',
    "packages/mcp-kit/src/index.ts": 'export { serveHttp } from "./http/serve-http.ts";',
  },
  kept: {
    "servers/planted/src/whole-start.ts": 'export const later = () => import("@platform-ops/mcp-kit/http");',
    "packages/mcp-kit/src/index.ts": 'import type { HttpServing } from "./http/serve-http.ts";',
  },
});

codeLaw("What reads settings builds no schemas of a library, and nor does what answers a client's opening", {
  check: (sources) =>
    fromEntries(
      sources,
      (path) => path === "packages/ledger/src/settings/read-settings.ts" || path === "packages/mcp-kit/src/start-up.ts",
      (specifier) => /^(zod|ajv|@modelcontextprotocol)(\/|$)/.test(specifier),
    ),
  broken: {
    "packages/ledger/src/settings/read-settings.ts": 'import { z } from "zod";',
    "packages/mcp-kit/src/start-up.ts": 'export { McpServer } from "@modelcontextprotocol/server";',
  },
  kept: { "packages/ledger/src/settings/read-settings.ts": 'import type { z } from "zod";' },
});

codeLaw("The supervisor uses the standard library only", {
  check: (sources) =>
    fromEntries(
      sources,
      (path) => path === "packages/orchestration/src/supervisor.ts",
      (specifier) => !specifier.startsWith(".") && !specifier.startsWith("node:") && specifier !== "@platform-ops/errors",
    ),
  broken: { "packages/orchestration/src/supervisor.ts": 'import { Connection } from "@temporalio/client";' },
});

function fromEntries(sources: readonly Source[], isEntry: (path: string) => boolean, isWrong: (specifier: string) => boolean): Violation[] {
  const entries = sources.filter((source) => isEntry(source.path)).map((source) => source.path);
  const met = entries.flatMap((entry) => loadedBy(entry, sources));
  return met.filter((one) => isWrong(one.import.specifier)).map((one) => told(one.trail, one.import.specifier));
}
