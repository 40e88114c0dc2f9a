import { readFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { commonChecks, type Check } from "@platform-ops/ledger";
import type { ServerDeps } from "../server-deps.ts";

/** What `doctor` looks at for every server, from what every server knows of its surroundings. */
export async function serverChecks({ config, ledger }: Pick<ServerDeps, "config" | "ledger">): Promise<Check[]> {
  const { settings, policy, files, notes, problems, path, env, dist } = config;
  const common = await commonChecks({
    settings,
    policy,
    files,
    notes,
    problems,
    searchPath: path,
    env,
    builtAt: builtAt(dist),
    open: ledger,
  });
  return [...common, ...(await httpPortCheck(settings.http))];
}

/** The port of `http`, where a fixed one is configured: its own server may stand there, or another program. */
async function httpPortCheck({ host, port }: { readonly host: string; readonly port: number }): Promise<Check[]> {
  if (port === 0) return [];
  const about = { id: "http_port", name: "port of http" } as const;
  if (await isFree(host, port)) return [{ ...about, status: "ok", found: `${port} is free` }];
  const cure = "Where `http` of this server runs already, that is it; else free the port, or choose another http.port.";
  return [{ ...about, status: "warn", found: `something listens on ${port}`, cure }];
}

function isFree(host: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once("error", () => resolve(false));
    server.listen({ port, host, exclusive: true }, () => server.close(() => resolve(true)));
  });
}

function builtAt(dist: string): string | undefined {
  try {
    return (JSON.parse(readFileSync(join(dist, "build.json"), "utf8")) as { built_at?: string }).built_at;
  } catch {
    return undefined;
  }
}
