import { codeLaw, type Violation } from "./law.ts";
import { packageOf, resolveRelative, roomOf, type Import, type Source } from "./repository.ts";

/** What each room may import of ours. Rooms that do not know each other are absent from each other's lines. */
const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  "packages/errors": [],
  "packages/ledger": ["errors"],
  "packages/mcp-kit": ["errors", "ledger"],
  "packages/orchestration": ["errors", "ledger"],
  "packages/remote-command": ["errors", "ledger"],
  "packages/meta-workflow-registry": ["errors"],
};
const PACKAGES = Object.keys(MAY_IMPORT).map((room) => room.slice("packages/".length));

function everyImport(sources: readonly Source[], fault: (source: Source, one: Import) => string | undefined): Violation[] {
  return sources.flatMap((source) =>
    source.imports.flatMap((one) => {
      const found = fault(source, one);
      return found === undefined ? [] : [`${source.path}:${one.line}: ${found}`];
    }),
  );
}

codeLaw("Law 1: imports run one way, servers → mcp-kit | orchestration | remote-command | meta-workflow-registry → ledger → errors", {
  check: (sources) =>
    everyImport(sources, ({ path }, { specifier }) => {
      const room = roomOf(path);
      if (!/^(packages|servers)\//.test(room) || !specifier.startsWith("@platform-ops/")) return undefined;
      const target = packageOf(specifier).slice("@platform-ops/".length);
      const allowed = MAY_IMPORT[room] ?? PACKAGES;
      return allowed.includes(target) ? undefined : `${room} may not import ${specifier}`;
    }),
  broken: {
    "packages/errors/src/planted.ts": 'import { seal } from "@platform-ops/ledger";',
    "packages/ledger/src/planted.ts": 'import type { Tool } from "@platform-ops/mcp-kit";',
    "packages/mcp-kit/src/planted.ts": 'const later = () => import("@platform-ops/orchestration/client");',
    "packages/orchestration/src/planted.ts": 'export type T = import("@platform-ops/mcp-kit").Tool;',
    "packages/remote-command/src/planted.ts": 'import { callTool } from "@platform-ops/mcp-kit";',
    "servers/terraform/src/planted.ts": 'export * from "@platform-ops/flux-teleport-mcp";',
  },
  kept: { "servers/terraform/src/planted.ts": 'import { seal } from "@platform-ops/ledger";' },
});

codeLaw("Law 1: a relative import stays inside its room", {
  check: (sources) =>
    everyImport(sources, ({ path }, { specifier }) => {
      const room = roomOf(path);
      if (!/^(packages|servers)\//.test(room) || !specifier.startsWith(".")) return undefined;
      return resolveRelative(path, specifier).startsWith(`${room}/`) ? undefined : `${specifier} leaves ${room}`;
    }),
  broken: {
    "packages/ledger/src/planted.ts": 'import { x } from "../../errors/src/codes.ts";',
    "servers/terraform/src/tools/planted.ts": 'import { x } from "../../../../tooling/x.ts";',
  },
  kept: { "servers/terraform/src/tools/planted.ts": 'import { x } from "../deps.ts";' },
});

codeLaw("Law 1: only mcp-kit imports an MCP SDK (tests and the demo are clients)", {
  check: (sources) =>
    everyImport(sources, ({ path }, { specifier }) => {
      const free = roomOf(path) === "packages/mcp-kit" || !/^(packages|servers)\//.test(path);
      return !free && specifier.startsWith("@modelcontextprotocol/") ? `imports ${specifier}` : undefined;
    }),
  broken: {
    "servers/terraform/src/planted.ts": 'import { McpServer } from "@modelcontextprotocol/server";',
    "packages/ledger/src/planted.ts": 'import type { Tool } from "@modelcontextprotocol/sdk/types.js";',
  },
});

codeLaw("Law 1: only orchestration and worker/ rooms import Temporal", {
  check: (sources) =>
    everyImport(sources, ({ path }, { specifier }) => {
      const free =
        roomOf(path) === "packages/orchestration" || /^servers\/[^/]+\/src\/worker\//.test(path) || !/^(packages|servers)\//.test(path);
      return !free && specifier.startsWith("@temporalio/") ? `imports ${specifier}` : undefined;
    }),
  broken: {
    "servers/terraform/src/tools/planted.ts": 'import { Client } from "@temporalio/client";',
    "packages/mcp-kit/src/planted.ts": 'const later = () => import("@temporalio/client");',
  },
  kept: { "servers/terraform/src/worker/planted.ts": 'import { Context } from "@temporalio/activity";' },
});
