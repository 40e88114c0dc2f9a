import { createHash } from "node:crypto";
import { execFile } from "node:child_process";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";

const execute = promisify(execFile);

/** A Helm repository on loopback, with one chart that has one ConfigMap. */
export interface HelmRepository {
  readonly url: string;
  stop(): Promise<void>;
}

/** Serves `index.yaml` and the packaged chart `name` of that version. */
export async function startHelmRepository(name: string, version: string): Promise<HelmRepository> {
  const folder = await mkdtemp(join(tmpdir(), "platform-ops-charts-"));
  await mkdir(join(folder, name, "templates"), { recursive: true });
  await writeFile(join(folder, name, "Chart.yaml"), `apiVersion: v2\nname: ${name}\nversion: ${version}\n`);
  await writeFile(
    join(folder, name, "templates/settings.yaml"),
    "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: settings}\ndata: {word: one}\n",
  );
  const archive = `${name}-${version}.tgz`;
  await execute("tar", ["-czf", join(folder, archive), "-C", folder, name]);
  const packed = await readFile(join(folder, archive));
  const digest = createHash("sha256").update(packed).digest("hex");
  const entry = { apiVersion: "v2", name, version, digest, urls: [archive], created: "2026-01-01T00:00:00Z" };
  const index = JSON.stringify({ apiVersion: "v1", entries: { [name]: [entry] }, generated: "2026-01-01T00:00:00Z" });
  const server = createServer((request, response) => {
    if (request.url === "/index.yaml") response.end(index);
    else if (request.url === `/${archive}`) response.end(packed);
    else response.writeHead(404).end();
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as { port: number }).port}`,
    async stop() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      await rm(folder, { recursive: true, force: true });
    },
  };
}
