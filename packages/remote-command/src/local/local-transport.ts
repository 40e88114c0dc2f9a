import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { hostname, userInfo } from "node:os";
import { OpsError } from "@platform-ops/errors";
import { childEnvironment } from "../child-environment.ts";
import type { Surroundings } from "../surroundings.ts";
import type { ExecEnd, ExecRequest, Transport } from "../transport.ts";

/** What kubectl, helm and their credential programs look for: names of files and profiles, no secrets. */
const KUBERNETES_VARIABLES = [
  "KUBECONFIG",
  "AWS_PROFILE",
  "AWS_REGION",
  "AWS_DEFAULT_REGION",
  "AWS_CONFIG_FILE",
  "AWS_SHARED_CREDENTIALS_FILE",
  "CLOUDSDK_CONFIG",
  "GOOGLE_APPLICATION_CREDENTIALS",
  "AZURE_CONFIG_DIR",
];

/** The name of the one machine that there is. */
export const LOCAL_NODE = "localhost";

/** Commands on this machine, as the account that this process runs as. */
export function openLocalTransport(surroundings: Surroundings): Transport {
  const running = new Set<ChildProcess>();
  const env = childEnvironment(surroundings.env, KUBERNETES_VARIABLES);
  return {
    kind: "local",
    exec: (request) => {
      const refusal = refusalOf(request);
      return refusal === undefined
        ? execHere(request, { env, cwd: surroundings.home, running })
        : Promise.resolve<ExecEnd>({ how: "refused", exit_code: null, failure: refusal });
    },
    nodes: () => Promise.resolve([{ hostname: LOCAL_NODE, address: hostname(), labels: {} }]),
    defaultUser: () => Promise.resolve(userInfo().username),
    async close() {
      const ends = [...running].map((child) => once(child, "close"));
      for (const child of running) child.stdin?.end();
      await Promise.all(ends);
    },
  };
}

function refusalOf({ target, words, signal }: ExecRequest): OpsError | undefined {
  const { username } = userInfo();
  if (signal.aborted) return new OpsError("cancelled", "It was cancelled before it was begun.");
  if (target.node !== LOCAL_NODE && target.node !== hostname())
    return new OpsError("node_unknown", `A local cluster has one machine, ${LOCAL_NODE}.`, {
      hint: `Name it ${LOCAL_NODE}.`,
      retryable: false,
    });
  if (target.user !== username)
    return new OpsError("access_denied", `Commands on this machine run as ${username}.`, {
      hint: "Name that user, or none; sudo by `sudo`.",
    });
  return words === undefined
    ? new OpsError("settings_invalid", "On this machine commands run inside the envelope only.", {
        hint: "Remove `envelope: plain` of this cluster.",
      })
    : undefined;
}

interface Here {
  readonly env: Record<string, string>;
  readonly cwd: string;
  readonly running: Set<ChildProcess>;
}

/** The words are a program with its arguments: nothing on the way interprets them. */
function execHere(request: ExecRequest, { env, cwd, running }: Here): Promise<ExecEnd> {
  const [program = "", ...args] = request.words ?? [];
  // A group of its own, so that a terminal's signals do not reach it.
  const child = spawn(program, args, { env, cwd, detached: true, stdio: ["pipe", "pipe", "pipe"] });
  running.add(child);
  child.stdout.on("data", (chunk: Buffer) => request.onStdout(chunk));
  child.stderr.on("data", (chunk: Buffer) => request.onStderr(chunk));
  // What ended before it read all of its stdin is no failure.
  child.stdin.on("error", () => undefined);
  child.stdin.write(request.input);
  void request.goAhead?.then((bytes) => child.stdin.writable && child.stdin.write(bytes));
  const stopWaiting = endWhenAborted(child, request);
  return new Promise((resolve) => {
    const end = (told: ExecEnd): void => {
      stopWaiting();
      running.delete(child);
      child.stdin.destroy();
      resolve(told);
    };
    child.on("error", (cause) =>
      end({ how: "refused", exit_code: null, failure: new OpsError("program_missing", `${program} cannot be started here.`, { cause }) }),
    );
    child.on("close", (code, signal) =>
      end(signal === null ? { how: "exited", exit_code: code } : { how: "signalled", exit_code: null, signal: signal.replace(/^SIG/, "") }),
    );
  });
}

function endWhenAborted(child: ChildProcess, { signal, graceMs }: ExecRequest): () => void {
  let timer: NodeJS.Timeout | undefined;
  const drop = (): void => {
    child.stdout?.destroy();
    child.stderr?.destroy();
    if (child.pid === undefined) return;
    try {
      process.kill(-child.pid, "SIGKILL");
    } catch {
      // It has ended.
    }
  };
  const abort = (): void => {
    child.stdin?.end();
    timer = setTimeout(drop, graceMs);
  };
  signal.addEventListener("abort", abort, { once: true });
  return () => {
    signal.removeEventListener("abort", abort);
    clearTimeout(timer);
  };
}
