import { execFileSync } from "node:child_process";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

/** A pull request as GitHub's REST API tells of it. */
interface Kept {
  readonly number: number;
  state: "open" | "closed";
  readonly title: string;
  readonly body: string;
  readonly draft: boolean;
  merged_at: string | null;
  readonly head: string;
  readonly base: string;
}

/** How an answer goes wrong: before or after the request was carried out, or altered on its way. */
export interface Fault {
  readonly method: string;
  readonly path: RegExp;
  /** `drop_before`: nothing was done; `drop_after`: it was done, and nobody hears of it. */
  readonly how:
    | "drop_before"
    | "drop_after"
    | ((answer: { status: number; body: unknown }) => { status: number; body: unknown; location?: string });
  /** How often; once by default. */
  times?: number;
}

/** Pull requests over a bare repository, as far as GitHub's public API describes what we use of it. */
export interface GithubStandIn {
  readonly url: string;
  readonly token: string;
  readonly pulls: readonly Kept[];
  /** Each request as `METHOD path`. */
  readonly asked: string[];
  /** What judges commits, by their hash. */
  readonly checks: Map<string, { name: string; status: string; conclusion: string | null }[]>;
  readonly statuses: Map<string, { context: string; state: string }[]>;
  faults: Fault[];
  /** As a person would on the page. */
  open(pull: { head: string; base: string; title?: string; body?: string }): number;
  merge(number: number): void;
  stop(): Promise<void>;
}

/** Starts one on loopback for `repository` (`owner/name`), whose branches are those of the bare repository `remote`. */
export async function startGithubStandIn(remote: string, repository: string): Promise<GithubStandIn> {
  const pulls: Kept[] = [];
  const state = {
    token: "ghp_standInToken0123456789",
    pulls,
    asked: [] as string[],
    checks: new Map<string, { name: string; status: string; conclusion: string | null }[]>(),
    statuses: new Map<string, { context: string; state: string }[]>(),
    faults: [] as Fault[],
  };
  const shaOf = (branch: string): string | undefined => {
    try {
      return execFileSync("git", ["--git-dir", remote, "rev-parse", "--verify", "--quiet", `refs/heads/${branch}`], {
        encoding: "utf8",
      }).trim();
    } catch {
      return undefined;
    }
  };
  const shown = (pull: Kept): unknown => ({
    ...pull,
    html_url: `https://github.example.test/${repository}/pull/${pull.number}`,
    head: { ref: pull.head, sha: shaOf(pull.head) ?? "0".repeat(40) },
    base: { ref: pull.base, sha: shaOf(pull.base) ?? "0".repeat(40) },
  });
  const add = (pull: { head: string; base: string; title?: string; body?: string; draft?: boolean }): Kept => {
    const kept: Kept = {
      number: pulls.length + 1,
      state: "open",
      title: pull.title ?? "",
      body: pull.body ?? "",
      draft: pull.draft ?? false,
      merged_at: null,
      head: pull.head,
      base: pull.base,
    };
    pulls.push(kept);
    return kept;
  };

  function answer(method: string, url: URL, body: any): { status: number; body: unknown } {
    const path = url.pathname.slice(`/repos/${repository}`.length);
    const number = /^\/pulls\/(\d+)$/.exec(path)?.[1];
    const pull = pulls.find((each) => String(each.number) === number);
    const commit = /^\/commits\/([0-9a-f]+)\/(check-runs|statuses)$/.exec(path);
    if (!url.pathname.startsWith(`/repos/${repository}/`)) return { status: 404, body: { message: "Not Found" } };
    if (number !== undefined && pull === undefined) return { status: 404, body: { message: "Not Found" } };
    if (method === "GET" && path === "/pulls")
      return { status: 200, body: page(url, pulls.filter((each) => fits(each, url)).toReversed()).map((each) => shown(each as Kept)) };
    if (method === "GET" && pull !== undefined) return { status: 200, body: shown(pull) };
    if (method === "PATCH" && pull !== undefined) {
      if (body.state !== undefined) pull.state = body.state;
      return { status: 200, body: shown(pull) };
    }
    if (method === "POST" && path === "/pulls") {
      const isThere = shaOf(body.head) !== undefined && shaOf(body.base) !== undefined;
      const isDouble = pulls.some((each) => each.state === "open" && each.head === body.head && each.base === body.base);
      if (!isThere || isDouble)
        return {
          status: 422,
          body: { message: "Validation Failed", errors: [{ message: isDouble ? "A pull request already exists" : "invalid" }] },
        };
      return { status: 201, body: shown(add(body)) };
    }
    if (method === "GET" && commit !== null) {
      const sha = commit[1] ?? "";
      if (commit[2] === "statuses") return { status: 200, body: page(url, state.statuses.get(sha) ?? []) };
      const found = state.checks.get(sha) ?? [];
      return { status: 200, body: { total_count: found.length, check_runs: page(url, found) } };
    }
    return { status: 404, body: { message: "Not Found" } };
  }

  const fits = (pull: Kept, url: URL): boolean => {
    const [wanted, head] = [url.searchParams.get("state") ?? "open", url.searchParams.get("head")];
    return (wanted === "all" || pull.state === wanted) && (head === null || head === `${repository.split("/")[0]}:${pull.head}`);
  };

  async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const method = request.method ?? "";
    const url = new URL(request.url ?? "/", "http://stand-in");
    let text = "";
    for await (const chunk of request) text += String(chunk);
    state.asked.push(`${method} ${url.pathname}`);
    const fault = state.faults.find((each) => each.method === method && each.path.test(url.pathname) && (each.times ?? 1) > 0);
    if (fault !== undefined) fault.times = (fault.times ?? 1) - 1;
    if (fault?.how === "drop_before") return void request.socket.destroy();
    const isAllowed = request.headers.authorization === `Bearer ${state.token}`;
    const made = isAllowed
      ? answer(method, url, text === "" ? {} : JSON.parse(text))
      : { status: 401, body: { message: "Bad credentials" } };
    if (fault?.how === "drop_after") return void request.socket.destroy();
    const given: { status: number; body: unknown; location?: string } = typeof fault?.how === "function" ? fault.how(made) : made;
    response.writeHead(given.status, {
      "content-type": "application/json",
      ...(given.location === undefined ? {} : { location: given.location }),
    });
    response.end(typeof given.body === "string" ? given.body : JSON.stringify(given.body));
  }

  const server = createServer((request, response) => void handle(request, response));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    ...state,
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    get faults() {
      return state.faults;
    },
    set faults(faults) {
      state.faults = faults;
    },
    open: (pull) => add(pull).number,
    merge(number) {
      const pull = pulls[number - 1];
      if (pull !== undefined) Object.assign(pull, { state: "closed", merged_at: "2026-01-01T00:00:00Z" });
    },
    stop: () =>
      new Promise((resolve) => {
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  };
}

function page<T>(url: URL, all: readonly T[]): T[] {
  const size = Number(url.searchParams.get("per_page") ?? 30);
  const at = Number(url.searchParams.get("page") ?? 1);
  return all.slice((at - 1) * size, at * size);
}
