import { execFile, spawn } from "node:child_process";
import { mkdir, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import { dirname, join } from "node:path";
import { promisify } from "node:util";

const execute = promisify(execFile);

/** A git repository that is served over HTTP on loopback, and written by commits of whole files. */
export interface GitServer {
  /** URL of the repository `name`. */
  url(name: string): string;
  /** Makes the repository if there is none. */
  commit(name: string, files: Readonly<Record<string, string>>, message: string): Promise<string>;
  stop(): Promise<void>;
}

/** `git http-backend` as CGI (its manual page says which variables it reads), behind Node's HTTP server. */
export async function startGitServer(folder: string, port: number): Promise<GitServer> {
  const root = join(folder, "served");
  await mkdir(root, { recursive: true });
  const execPath = (await execute("git", ["--exec-path"])).stdout.trim();
  const server = createServer((request, response) => {
    const url = new URL(request.url ?? "/", "http://localhost");
    const child = spawn(join(execPath, "git-http-backend"), [], {
      env: {
        PATH: process.env["PATH"] ?? "",
        GIT_PROJECT_ROOT: root,
        GIT_HTTP_EXPORT_ALL: "1",
        PATH_INFO: url.pathname,
        QUERY_STRING: url.search.slice(1),
        REQUEST_METHOD: request.method ?? "GET",
        CONTENT_TYPE: request.headers["content-type"] ?? "",
        HTTP_CONTENT_ENCODING: request.headers["content-encoding"] ?? "",
        GIT_PROTOCOL: String(request.headers["git-protocol"] ?? ""),
      },
      stdio: ["pipe", "pipe", "inherit"],
    });
    request.pipe(child.stdin);
    child.stdin.on("error", () => undefined);
    let head = Buffer.alloc(0);
    let isBody = false;
    child.stdout.on("data", (chunk: Buffer) => {
      if (isBody) return void response.write(chunk);
      head = Buffer.concat([head, chunk]);
      const end = head.indexOf("\r\n\r\n");
      if (end === -1) return;
      isBody = true;
      for (const line of head.subarray(0, end).toString().split("\r\n")) {
        const at = line.indexOf(":");
        const [name, value] = [line.slice(0, at), line.slice(at + 1).trim()];
        if (name === "Status") response.statusCode = Number.parseInt(value, 10);
        else response.setHeader(name, value);
      }
      response.write(head.subarray(end + 4));
    });
    child.on("close", () => response.end());
  });
  await new Promise<void>((resolve, reject) => {
    server.on("error", reject);
    server.listen(port, "127.0.0.1", resolve);
  });
  const git = async (cwd: string, ...args: string[]): Promise<string> =>
    (await execute("git", ["-c", "user.name=test", "-c", "user.email=test@example.com", ...args], { cwd })).stdout.trim();
  return {
    url: (name) => `http://127.0.0.1:${port}/${name}.git`,
    async commit(name, files, message) {
      const work = join(folder, "work", name);
      const bare = join(root, `${name}.git`);
      await mkdir(work, { recursive: true });
      const isNew = (await git(work, "rev-parse", "--is-inside-work-tree").catch(() => "")) !== "true";
      if (isNew) {
        await git(work, "init", "-q", "-b", "main");
        await execute("git", ["init", "-q", "--bare", "-b", "main", bare]);
        await git(work, "remote", "add", "origin", bare);
      }
      for (const [path, text] of Object.entries(files)) {
        await mkdir(dirname(join(work, path)), { recursive: true });
        await writeFile(join(work, path), text);
      }
      await git(work, "add", "-A");
      await git(work, "commit", "-q", "--allow-empty", "-m", message);
      await git(work, "push", "-q", "origin", "main");
      return await git(work, "rev-parse", "HEAD");
    },
    async stop() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
