import { settled } from "../calls/call-tool.ts";
import { listTools } from "../catalog.ts";
import { guardProcess } from "./process-guard.ts";
import { prepare, type ServerDefinition } from "../server-definition.ts";
import type { Opening } from "../start-up/front.ts";
import { capabilitiesOf } from "../resources/serve-resources.ts";
import { serveOpening, type LoadedServer, type StdioIo } from "../start-up/serve-opening.ts";

/**
 * Serves a definition over stdio, in both protocol eras; see `serveOpening`. The caller ends the process.
 * Without `io` it serves on the process's own streams, and guards them (`guardProcess`).
 */
export async function serveStdio(definition: ServerDefinition, io?: StdioIo): Promise<void> {
  prepare(definition);
  const opening = openingOf(definition);
  if (io) return await serveOpening(opening, io, () => loadServer(definition));
  const release = guardProcess(definition);
  try {
    await serveOpening(opening, { input: process.stdin, output: process.stdout, signals: process }, () => loadServer(definition));
  } finally {
    release();
  }
}

/** A definition behind the SDK, for `serveOpening`. Loads the SDK, which costs more than all else. */
export async function loadServer(definition: ServerDefinition): Promise<LoadedServer> {
  prepare(definition);
  const { serve } = await import("../sdk/sdk-stdio.ts");
  return {
    serve: (transport, onerror) => serve(definition, transport, onerror),
    logger: definition.logger,
    settled: () => settled(definition),
  };
}

/** What a definition's connections are opened with; its list of tools is made when it is first asked for. */
function openingOf(definition: ServerDefinition): Opening {
  const { name, title, version, instructions } = definition;
  return {
    name,
    ...(title === undefined ? {} : { title }),
    version,
    instructions,
    capabilities: capabilitiesOf(definition),
    get tools() {
      return listTools(definition);
    },
  };
}
