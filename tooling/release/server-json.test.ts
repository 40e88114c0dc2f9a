import { expect, test } from "vitest";
import { ROOT } from "../setup.mjs";
import type { PackageFacts } from "./launch.ts";
import { publishedServers, repositorySlug } from "./packages.mjs";
import { checkServerJson } from "./check-server-json.ts";
import { serverJson } from "./server-json.ts";

const packages = publishedServers(ROOT).map(({ server, manifest }) => ({ server, manifest: manifest as PackageFacts }));

test.for(packages)("the entry of $server is as the registry wants it, with its bundle too", ({ server, manifest }) => {
  expect(checkServerJson(serverJson(server, manifest))).toEqual([]);
  const bundle = { url: "https://github.com/o/r/releases/download/x@1.0.0/x-mcp-1.0.0.mcpb", sha256: "a".repeat(64) };
  const entry = serverJson(server, manifest, bundle) as { name: string; packages: { registryType: string; version?: string }[] };
  expect(checkServerJson(entry)).toEqual([]);
  expect(entry.packages.map(({ registryType }) => registryType)).toEqual(["npm", "mcpb"]);
  expect(entry.packages[0]?.version).toBe(manifest.version);
  // The registry lets the owner of a repository publish under that name only.
  const [owner] = repositorySlug(manifest.repository)?.split("/") ?? [];
  expect(entry.name).toBe(manifest.mcpName);
  expect(entry.name).toMatch(new RegExp(`^io\\.github\\.${owner}/`));
});

test("what the registry would refuse is found", () => {
  const [{ server, manifest }] = packages as [(typeof packages)[number]];
  const entry = (change: Partial<PackageFacts>): string[] => checkServerJson(serverJson(server, { ...manifest, ...change }));
  expect(entry({ description: "x".repeat(101) })).toEqual([expect.stringContaining("description")]);
  expect(entry({ mcpName: "no-namespace" })).toEqual([expect.stringContaining("name")]);
  expect(entry({ version: "^1.0.0" })).not.toEqual([]);
  expect(entry({ version: "latest" })).not.toEqual([]);
  const mcpb = serverJson(server, manifest, { url: "https://example.com/x.zip", sha256: "short" });
  expect(checkServerJson(mcpb)).toEqual([expect.stringContaining("identifier"), expect.stringContaining("fileSha256")]);
  expect(checkServerJson({ ...serverJson(server, manifest), licence: "?" })).toEqual([expect.stringContaining("licence")]);
});
