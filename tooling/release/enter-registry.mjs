// `node tooling/release/enter-registry.mjs FOLDER`: enters what was published into the MCP registry, by its own program and with
// the identity of this workflow. Prereleases are not entered: the registry shows the newest version to everybody.
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { cacheFolder } from "../setup/cache.mjs";
import { bringPublisher } from "../setup/mcp-publisher.mjs";

const folder = resolve(process.argv[2] ?? "dist/release");
const { servers } = JSON.parse(readFileSync(join(folder, "release.json"), "utf8"));
const entries = servers.filter(({ tag }) => tag === "latest");
if (entries.length > 0) {
  const step = { update: (text) => process.stdout.write(`${text}\n`) };
  const publisher = await bringPublisher({ cache: cacheFolder(), step });
  const run = (...args) => execFileSync(publisher, args, { stdio: ["ignore", "inherit", "inherit"] });
  run("login", "github-oidc");
  for (const { registry } of entries) run("publish", join(folder, registry));
}
