import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { createServer } from "node:net";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

/** An npm registry of this machine that knows nothing but what is published to it, or put into its storage. */
export interface Registry {
  readonly url: string;
  /** The folder in which verdaccio keeps packages. */
  readonly storage: string;
  /** What a user's .npmrc says to publish there. */
  readonly npmrc: string;
  stop(): Promise<void>;
}

/** Starts verdaccio in `folder`, on a free loopback port and without an uplink: whatever a package would fetch is not there. */
export async function startRegistry(folder: string): Promise<Registry> {
  await mkdir(folder, { recursive: true });
  const port = await freePort();
  const host = `127.0.0.1:${port}`;
  const config = join(folder, "config.yaml");
  await writeFile(config, JSON.stringify(configuration(folder)));
  const child = spawn(
    process.execPath,
    [createRequire(import.meta.url).resolve("verdaccio/bin/verdaccio"), "--config", config, "--listen", host],
    {
      cwd: folder,
      env: { PATH: process.env["PATH"] ?? "", HOME: folder },
      stdio: ["ignore", "pipe", "pipe"],
    },
  );
  let said = "";
  for (const stream of [child.stdout, child.stderr])
    stream.on("data", (chunk: Buffer) => (said = `${said}${chunk.toString()}`.slice(-4000)));
  const ended = once(child, "close");
  // Nothing of it stays, however this program ends.
  const last = (): void => void child.kill("SIGKILL");
  process.once("exit", last);
  const stop = async (): Promise<void> => {
    if (child.exitCode === null) child.kill("SIGTERM");
    const hard = setTimeout(() => child.kill("SIGKILL"), 5000);
    await ended;
    clearTimeout(hard);
    process.off("exit", last);
  };
  try {
    const url = `http://${host}/`;
    await answers(`${url}-/ping`, () => child.exitCode !== null);
    return { url, storage: join(folder, "storage"), npmrc: `registry=${url}\n//${host}/:_authToken=${await login(url)}\n`, stop };
  } catch (error) {
    await stop();
    throw new Error(`the registry did not start: ${said}`, { cause: error });
  }
}

function configuration(folder: string): object {
  return {
    storage: join(folder, "storage"),
    auth: { htpasswd: { file: join(folder, "htpasswd"), max_users: 1 } },
    uplinks: {},
    packages: { "@platform-ops/*": { access: "$all", publish: "$authenticated" }, "**": { access: "$all", publish: [] } },
    web: { enable: false },
    max_body_size: "20mb",
    log: { type: "stdout", format: "json", level: "warn" },
  };
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as { port: number };
  server.close();
  await once(server, "close");
  return port;
}

async function answers(url: string, isGone: () => boolean): Promise<void> {
  for (let attempt = 0; attempt < 300; attempt += 1) {
    if (isGone()) throw new Error("it ended");
    if (
      await fetch(url).then(
        (response) => response.ok,
        () => false,
      )
    )
      return;
    await sleep(100);
  }
  throw new Error(`${url} did not answer`);
}

/** Makes the one user and returns a token, as `npm adduser` does. */
async function login(url: string): Promise<string> {
  const response = await fetch(`${url}-/user/org.couchdb.user:release`, {
    method: "PUT",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ name: "release", password: crypto.randomUUID(), type: "user", roles: [] }),
  });
  const { token } = (await response.json()) as { token?: string };
  if (token === undefined) throw new Error(`no token: ${response.status}`);
  return token;
}
