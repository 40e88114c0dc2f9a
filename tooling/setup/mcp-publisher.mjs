// mcp-publisher, which enters a release into the MCP registry: built by Go where a release is published.
import { buildWithGo } from "./go-program.mjs";

const PUBLISHER = {
  name: "mcp-publisher",
  module: "mcp-publisher",
  title: "mcp-publisher",
  version: "1.8.7",
  source: "github.com/modelcontextprotocol/registry/cmd/publisher",
  linkerFlags: "-s -w",
};

/** Its module, which carries the registry's schemas too. */
export const PUBLISHER_MODULE = "github.com/modelcontextprotocol/registry";

/** Builds it from the Go module proxy, unless it was built. Takes about half a minute of processor time. */
export function bringPublisher(options) {
  return buildWithGo(PUBLISHER, options);
}
