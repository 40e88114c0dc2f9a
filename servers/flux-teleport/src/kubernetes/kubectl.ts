import { OpsError } from "@platform-ops/errors";
import { checkName, type CommandEffect, type ProgramCommand, type RunResult } from "@platform-ops/remote-command";
import { kubectlFailure } from "./kubectl-failure.ts";
import { parseRows, templateOf, type Projection } from "./projection.ts";

/** How kubectl is called on a machine. */
export interface KubectlAccess {
  /** `default`, `k3s` (`k3s kubectl`), `kubeadm`, or the absolute path of a kubeconfig. */
  readonly kubeconfig: string;
  readonly sudo: boolean;
  /** Name or path of the program; by default `kubectl`. */
  readonly program?: string;
}

/** How one command is to be run. */
export interface KubectlRun {
  readonly effect: CommandEffect;
  readonly timeoutMs: number;
  /** More output than this is an error: what we parse is never cut. */
  readonly maxBytes: number;
}

/** The way to the machine where this cluster's kubectl is, under the policy. */
export interface KubectlRunner {
  run(command: ProgramCommand, run: KubectlRun): Promise<RunResult>;
  /** Comes back when all of these may run, or needs nobody to say so. Where the policy asks, a person is asked once for all. */
  foresee(commands: readonly ProgramCommand[], run: KubectlRun): Promise<void>;
}

/** Annotations of one object. */
export interface Annotation {
  readonly resource: string;
  readonly namespace: string;
  readonly name: string;
  readonly annotations: Readonly<Record<string, string>>;
}

/** Which objects. Without a namespace: of all namespaces. */
export interface Selection {
  readonly namespace?: string;
  readonly names?: readonly string[];
  readonly selector?: Readonly<Record<string, string>>;
  readonly fields?: Readonly<Record<string, string>>;
}

/** Rows as the projection asks for, and what kubectl could not give of them. */
export interface Listed {
  readonly rows: Record<string, unknown>[];
  readonly failure?: OpsError;
}

export interface LogSelection {
  readonly namespace: string;
  readonly selector: Readonly<Record<string, string>>;
  readonly container: string;
  readonly tail: number;
  /** Such as 10m. */
  readonly since?: string;
}

/** The Kubernetes of one target, by its kubectl. */
export interface Kubectl {
  /** @throws OpsError when nothing could be read; where only a part could, `failure` says why. */
  list(resources: readonly string[], selection: Selection, projection: Projection): Promise<Listed>;
  /** @throws OpsError object_not_found, kubernetes_denied, flux_missing, … */
  get(resource: string, namespace: string, name: string, projection: Projection): Promise<Record<string, unknown>>;
  /** A merge patch, the only kind that custom resources take besides JSON patches. */
  patch(resource: string, namespace: string, name: string, patch: object): Promise<void>;
  annotate(annotation: Annotation): Promise<void>;
  /**
   * Has all that is going to be annotated permitted before the first of it is: asked one after the other, what was done by then
   * would have to be asked for anew each time.
   */
  foresee(annotations: readonly Annotation[]): Promise<void>;
  logs(selection: LogSelection): Promise<string>;
  /** All resource types that the server has, `plural.group`. */
  resourceTypes(): Promise<ReadonlySet<string>>;
}

const LIST_BYTES = 32 * 1024 * 1024;
const LOG_BYTES = 8 * 1024 * 1024;
const SMALL_BYTES = 4 * 1024 * 1024;
const TIMEOUT_MS = 30_000;

/**
 * Under this name kustomize-controller leaves alone what was written: it takes over fields of managers whose names begin with
 * `kubectl`, and drops what Git does not contain.
 */
const FIELD_MANAGER = "--field-manager=flux-client-side-apply";

/** kubectl by a way to run commands. Names are checked by their grammar before anything is run; `--` stands before the positional ones. */
export function openKubectl(runner: KubectlRunner, access: KubectlAccess): Kubectl {
  const call = async (args: readonly string[], options: KubectlRun): Promise<RunResult> => {
    const result = await runner.run(kubectlCommand(access, args), options);
    if (result.state !== "completed") {
      throw result.failure ?? new OpsError("connection_lost", "It was not seen how kubectl ended.");
    }
    return result;
  };
  const succeed = async (args: readonly string[], options: KubectlRun): Promise<string> => {
    const result = await call(args, options);
    if (result.exit_code !== 0) throw failureOf(result);
    return result.stdout.text;
  };
  const read = (maxBytes: number): KubectlRun => ({ effect: "read", timeoutMs: TIMEOUT_MS, maxBytes });
  const steer: KubectlRun = { effect: "steer", timeoutMs: TIMEOUT_MS, maxBytes: SMALL_BYTES };

  return {
    async list(resources, selection, projection) {
      const names = (selection.names ?? []).map(objectName);
      const args = ["get", ...scope(selection), output(projection), "--", resources.map(resourceName).join(","), ...names];
      const result = await call(args, read(LIST_BYTES));
      if (result.exit_code === 0) return { rows: parseRows(result.stdout.text) };
      const failure = failureOf(result);
      const rows = result.stdout.text === "" ? [] : readable(result.stdout.text);
      if (rows.length === 0) throw failure;
      return { rows, failure };
    },
    async get(resource, namespace, name, projection) {
      const args = ["get", ...scope({ namespace }), output(projection), "--", resourceName(resource), objectName(name)];
      const [row] = parseRows(await succeed(args, read(SMALL_BYTES)));
      if (row === undefined)
        throw new OpsError("object_not_found", `Kubernetes has no ${resource} named ${name} in namespace ${namespace}.`);
      return row;
    },
    async patch(resource, namespace, name, patch) {
      const args = ["patch", ...scope({ namespace }), "--type=merge", FIELD_MANAGER, "-o", "name", `--patch=${JSON.stringify(patch)}`];
      await succeed([...args, "--", resourceName(resource), objectName(name)], steer);
    },
    async annotate(annotation) {
      await succeed(annotateArgs(annotation), steer);
    },
    async foresee(annotations) {
      const commands = annotations.map((annotation) => kubectlCommand(access, annotateArgs(annotation)));
      await runner.foresee(commands, steer);
    },
    async logs({ namespace, selector, container, tail, since }) {
      const args = [
        "logs",
        ...scope({ namespace, selector }),
        `--container=${container}`,
        `--tail=${tail}`,
        `--limit-bytes=${LOG_BYTES / 2}`,
      ];
      return succeed([...args, ...(since === undefined ? [] : [`--since=${checkName("duration", since, "since")}`])], read(LOG_BYTES));
    },
    async resourceTypes() {
      const result = await call(["api-resources", "--verbs=list", "-o", "name", REQUEST_TIMEOUT], read(SMALL_BYTES));
      const types = result.stdout.text.split("\n").filter((line) => /^[a-z0-9.-]+$/.test(line));
      // It exits 1 when one API service does not answer, and lists the others nevertheless.
      if (types.length === 0) throw failureOf(result);
      return new Set(types);
    },
  };
}

// kubectl checks no name itself: `--all` or `-oyaml` as one would be an option.
const objectName = (name: string): string => checkName("object", name, "name");
const namespaceName = (name: string): string => checkName("namespace", name, "namespace");
const resourceName = (name: string): string => checkName("resource", name, "kind");

function annotateArgs({ resource, namespace, name, annotations }: Annotation): string[] {
  const pairs = Object.entries(annotations).map(([key, value]) => `${key}=${value}`);
  const args = ["annotate", ...scope({ namespace }), "--overwrite", FIELD_MANAGER, "-o", "name", "--"];
  return [...args, resourceName(resource), objectName(name), ...pairs];
}

function labelSelector(pairs: Readonly<Record<string, string>>): string {
  const parts = Object.entries(pairs).map(
    ([key, value]) => `${checkName("label_key", key, "selector")}=${checkName("label_value", value, "selector")}`,
  );
  return parts.join(",");
}

/** Names of objects, which may be longer than values of labels, and of kinds. A comma would begin a further condition. */
function fieldSelector(pairs: Readonly<Record<string, string>>): string {
  const parts = Object.entries(pairs).map(([key, value]) => {
    const isKind = /^[A-Z][A-Za-z0-9]{0,62}$/.test(value);
    return `${checkName("label_key", key, "selector")}=${isKind ? value : objectName(value)}`;
  });
  return parts.join(",");
}

const REQUEST_TIMEOUT = "--request-timeout=25s";

function scope({ namespace, selector, fields }: Selection): string[] {
  return [
    namespace === undefined ? "--all-namespaces" : `--namespace=${namespaceName(namespace)}`,
    ...(selector === undefined ? [] : [`--selector=${labelSelector(selector)}`]),
    ...(fields === undefined ? [] : [`--field-selector=${fieldSelector(fields)}`]),
    REQUEST_TIMEOUT,
  ];
}

const output = (projection: Projection): string => `--output=go-template=${templateOf(projection)}`;

/** The command as data: `k3s kubectl …`, with an explicit kubeconfig since sudo drops the variable. */
export function kubectlCommand({ kubeconfig, sudo, program }: KubectlAccess, args: readonly string[]): ProgramCommand {
  const isK3s = kubeconfig === "k3s";
  const file = kubeconfig === "kubeadm" ? "/etc/kubernetes/admin.conf" : kubeconfig.startsWith("/") ? kubeconfig : undefined;
  return {
    kind: "program",
    program: isK3s ? "k3s" : (program ?? "kubectl"),
    args: [...(isK3s ? ["kubectl"] : []), ...(file === undefined ? [] : [`--kubeconfig=${file}`]), ...args],
    ...(sudo ? { sudo: true } : {}),
  };
}

const failureOf = (result: RunResult): OpsError =>
  kubectlFailure({ exit_code: result.exit_code, stdout: result.stdout.text, stderr: result.stderr.text });

function readable(text: string): Record<string, unknown>[] {
  try {
    return parseRows(text);
  } catch {
    return [];
  }
}
