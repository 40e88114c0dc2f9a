import { execFile } from "node:child_process";
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { until } from "../processes.ts";
import { startGitServer, type GitServer } from "./git-server.ts";
import { freePorts, lastLines, startProgram, type Program } from "./program.ts";

const execute = promisify(execFile);

/** A real Kubernetes API with real Flux controllers, as processes of this test. */
export interface RealCluster {
  /** Full rights. */
  readonly kubeconfig: string;
  /** No rights at all. */
  readonly visitorKubeconfig: string;
  readonly git: GitServer;
  readonly kubectlPath: string;
  readonly fluxPath: string;
  /** Runs kubectl with full rights; `input` is its stdin. */
  kubectl(args: readonly string[], input?: string): Promise<string>;
  /** What a controller logged. */
  logFile(program: string): string;
  stop(): Promise<void>;
}

/** The folder of the built programs (`npm run test:cluster` sets it), or undefined. */
export function builtCluster(env: NodeJS.ProcessEnv): string | undefined {
  return env["PLATFORM_OPS_TEST_CLUSTER"];
}

/** The folder of the resource definitions whose controllers do not run here (the same command sets it), or undefined. */
export function builtDefinitions(env: NodeJS.ProcessEnv): string | undefined {
  return env["PLATFORM_OPS_TEST_FLUX_DEFINITIONS"];
}

/** What the parts of one cluster share. */
interface Setting {
  readonly folder: string;
  /** kubeconfig with full rights. */
  readonly admin: string;
  readonly port: (name: string) => number;
  start(name: string, flags: Readonly<Record<string, string>>, env?: Record<string, string>): Program;
  kubectl: RealCluster["kubectl"];
}

/**
 * Starts etcd, the API server, the controller manager, the scheduler, kwok (which plays the nodes) and Flux's source- and
 * kustomize-controller on free ports of loopback, and applies Flux's resource definitions. About five seconds.
 * @param built a folder made by tooling/cluster/build.mjs
 * @param definitions one made by tooling/cluster/definitions.mjs: kinds that no controller looks after
 */
export async function startCluster(built: string, definitions?: string): Promise<RealCluster> {
  const folder = await mkdtemp(join(tmpdir(), "platform-ops-cluster-"));
  const bin = (name: string): string => join(built, "bin", name);
  const running: Program[] = [];
  const ports = new Map<string, number>();
  const spare = await freePorts(11);
  const admin = join(folder, "admin.yaml");
  const setting: Setting = {
    folder,
    admin,
    port: (name) => ports.get(name) ?? ports.set(name, spare.pop()!).get(name)!,
    start(name, flags, env = {}) {
      const args = Object.entries(flags).map(([flag, value]) => `--${flag}=${value}`);
      const program = startProgram(bin(name), args, { logFile: join(folder, `${name}.log`), env });
      running.push(program);
      return program;
    },
    kubectl: (args, input) => runKubectl(bin("kubectl"), admin, folder, args, input),
  };
  let git: GitServer | undefined;
  const stop = async (): Promise<void> => {
    await git?.stop();
    // Controllers first, the store last: nobody then waits for what is gone.
    for (const program of running.toReversed()) await program.stop();
    await rm(folder, { recursive: true, force: true, maxRetries: 3 });
  };
  try {
    await startKubernetes(setting, join(built, "stages"));
    await install(setting.kubectl, [join(built, "crds"), ...(definitions === undefined ? [] : [definitions])]);
    git = await startGitServer(folder, setting.port("git"));
    startFlux(setting);
    return {
      kubeconfig: admin,
      visitorKubeconfig: join(folder, "visitor.yaml"),
      git,
      kubectlPath: bin("kubectl"),
      fluxPath: bin("flux"),
      kubectl: setting.kubectl,
      logFile: (program) => join(folder, `${program}.log`),
      stop,
    };
  } catch (error) {
    const logs = await Promise.all(running.filter(({ child }) => child.exitCode !== null).map(lastLines));
    await stop();
    throw logs.length === 0 ? error : new Error(logs.join("\n"), { cause: error });
  }
}

async function startKubernetes({ folder, admin, port, start, kubectl }: Setting, stages: string): Promise<void> {
  const etcd = `http://127.0.0.1:${port("etcd")}`;
  const peer = `http://127.0.0.1:${port("etcd's peers")}`;
  start("etcd", {
    "data-dir": join(folder, "etcd"),
    "listen-client-urls": etcd,
    "advertise-client-urls": etcd,
    "listen-peer-urls": peer,
    "initial-advertise-peer-urls": peer,
    "initial-cluster": `default=${peer}`,
    "unsafe-no-fsync": "true",
  });
  await writeKeys(folder, `https://127.0.0.1:${port("api")}`);
  const apiServer = start("kube-apiserver", {
    "etcd-servers": etcd,
    "bind-address": "127.0.0.1",
    "advertise-address": "127.0.0.1",
    "secure-port": `${port("api")}`,
    "cert-dir": join(folder, "certs"),
    "endpoint-reconciler-type": "none",
    "service-cluster-ip-range": "10.0.0.0/24",
    "authorization-mode": "RBAC",
    "token-auth-file": join(folder, "tokens.csv"),
    "service-account-key-file": join(folder, "sa.key"),
    "service-account-signing-key-file": join(folder, "sa.key"),
    "service-account-issuer": "https://kubernetes.default.svc",
    "kubelet-preferred-address-types": "InternalIP",
  });
  await until(async () => {
    if (apiServer.child.exitCode !== null) throw new Error(await lastLines(apiServer));
    return (await kubectl(["get", "--raw", "/readyz"]).catch(() => "")) === "ok";
  }, "the API server");
  const alone = { kubeconfig: admin, "leader-elect": "false", "secure-port": "0" };
  start("kube-controller-manager", { ...alone, "service-account-private-key-file": join(folder, "sa.key") });
  start("kube-scheduler", alone);
  const texts = await Promise.all((await readdir(stages)).map((name) => readFile(join(stages, name), "utf8")));
  await writeFile(
    join(folder, "kwok.yaml"),
    [...texts, ...CONTROLLERS.map((name) => logsOf(name, join(folder, `${name}.log.cri`)))].join("\n---\n"),
  );
  // Without a lease of its own the node would be taken for dead after 40 seconds.
  start("kwok", {
    kubeconfig: admin,
    config: join(folder, "kwok.yaml"),
    "manage-all-nodes": "true",
    "node-lease-duration-seconds": "40",
    "node-ip": "127.0.0.1",
    "node-port": `${port("kubelet")}`,
    "server-address": `127.0.0.1:${port("kubelet")}`,
    "tls-cert-file": join(folder, "kubelet.crt"),
    "tls-private-key-file": join(folder, "kubelet.key"),
  });
}

function startFlux({ folder, admin, port, start }: Setting): void {
  const env = { KUBECONFIG: admin, RUNTIME_NAMESPACE: "flux-system" };
  const common = (name: string): Record<string, string> => ({
    "watch-all-namespaces": "true",
    "metrics-addr": `127.0.0.1:${port(`${name}'s metrics`)}`,
    "health-addr": `127.0.0.1:${port(`${name}'s health`)}`,
  });
  const storage = `127.0.0.1:${port("artifacts")}`;
  const files = { "storage-path": join(folder, "artifacts"), "storage-addr": storage, "storage-adv-addr": storage };
  start("source-controller", { ...common("source-controller"), ...files }, env);
  start("kustomize-controller", { ...common("kustomize-controller"), "requeue-dependency": "2s", "http-retry": "2" }, env);
}

/** The key of service accounts, two tokens (everything, and nothing), and a kubeconfig for each. */
async function writeKeys(folder: string, server: string): Promise<void> {
  for (const name of ["admin", "visitor"])
    await writeFile(join(folder, `${name}.yaml`), kubeconfig(server, join(folder, "certs", "apiserver.crt"), `${name}-token`), {
      mode: 0o600,
    });
  await execute("openssl", ["genrsa", "-out", join(folder, "sa.key"), "2048"]);
  const certificate = ["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=node-a"];
  await execute("openssl", [...certificate, "-keyout", join(folder, "kubelet.key"), "-out", join(folder, "kubelet.crt")]);
  await writeFile(join(folder, "tokens.csv"), "admin-token,admin,admin,system:masters\nvisitor-token,visitor,visitor,\n", { mode: 0o600 });
}

function kubeconfig(server: string, authority: string, token: string): string {
  return `apiVersion: v1
kind: Config
clusters: [{name: test, cluster: {server: "${server}", certificate-authority: "${authority}"}}]
users: [{name: test, user: {token: ${token}}}]
contexts: [{name: test, context: {cluster: test, user: test}}]
current-context: test
`;
}

const NODE = `apiVersion: v1
kind: Node
metadata: {name: node-a, annotations: {kwok.x-k8s.io/node: fake}, labels: {kubernetes.io/hostname: node-a, kubernetes.io/os: linux}}
status:
  allocatable: {cpu: "32", memory: 256Gi, pods: "1100"}
  capacity: {cpu: "32", memory: 256Gi, pods: "1100"}
`;

/** Flux's controllers are processes here; for `kubectl logs deploy/…` each has a Deployment without pods and a pod of its labels. */
const CONTROLLERS = ["source-controller", "kustomize-controller"];

function logsOf(controller: string, file: string): string {
  return `apiVersion: kwok.x-k8s.io/v1alpha1
kind: Logs
metadata: {name: ${controller}-0, namespace: flux-system}
spec: {logs: [{containers: [manager], logsFile: "${file}"}]}
`;
}

function workloadOf(controller: string): string {
  const pod = `{nodeName: node-a, containers: [{name: manager, image: "example.com/${controller}:1"}]}`;
  return `apiVersion: apps/v1
kind: Deployment
metadata: {name: ${controller}, namespace: flux-system, labels: {app.kubernetes.io/part-of: flux}}
spec: {replicas: 0, selector: {matchLabels: {app: ${controller}}}, template: {metadata: {labels: {app: ${controller}}}, spec: ${pod}}}
---
apiVersion: v1
kind: Pod
metadata: {name: ${controller}-0, namespace: flux-system, labels: {app: ${controller}}}
spec: ${pod}
`;
}

async function install(kubectl: RealCluster["kubectl"], definitions: readonly string[]): Promise<void> {
  await kubectl(["apply", "--server-side", "--force-conflicts", ...definitions.flatMap((folder) => ["-f", folder])]);
  await kubectl(["create", "namespace", "flux-system"]);
  await kubectl(["wait", "--for=create", "--timeout=30s", "serviceaccount/default", "-n", "flux-system"]);
  await kubectl(["apply", "-f", "-"], [NODE, ...CONTROLLERS.map(workloadOf)].join("---\n"));
  await kubectl(["wait", "--for=condition=Established", "--timeout=30s", "crd", "--all"]);
}

async function runKubectl(path: string, config: string, home: string, args: readonly string[], input?: string): Promise<string> {
  const running = execute(path, [`--kubeconfig=${config}`, ...args], { env: { HOME: home, PATH: "" }, maxBuffer: 64 * 1024 * 1024 });
  running.child.stdin?.end(input ?? "");
  return (await running).stdout;
}
