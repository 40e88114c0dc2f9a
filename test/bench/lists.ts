import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { KUBECTL, KUBECTL_MISSING } from "../support/kube-api/kubectl.ts";
import { APPS, namespace } from "../support/kube-api/manifests.ts";
import { startStandInCluster } from "../support/kube-api/stand-in-cluster.ts";
import { REPOSITORY, startAgent } from "../support/mcp-client.ts";
import { median, pairs, report } from "./measure.ts";

const COUNT = 1_200;
/** Bytes of filling, so that an object is about as large as a pod. */
const FILLING = 5_000;

/**
 * A list of 1,200 objects as large as pods, by the built server and a target on this machine, against `kubectl get -o json` of the
 * same objects into nothing. The API server is the tests' stand-in, kubectl is real.
 */
export async function benchLists(scratch: string, rounds = 12): Promise<void> {
  if (KUBECTL_MISSING !== undefined) return void process.stdout.write(`lists: ${KUBECTL_MISSING}\n`);
  const cluster = await startStandInCluster();
  await cluster.apply([namespace()]);
  for (let at = 0; at < COUNT; at += 1) {
    const condition = {
      type: "Ready",
      status: "True",
      reason: "UpgradeSucceeded",
      message: "Helm upgrade succeeded",
      observedGeneration: 1,
    };
    cluster.api.store.put({
      apiVersion: "helm.toolkit.fluxcd.io/v2",
      kind: "HelmRelease",
      metadata: { name: `release-${at}`, namespace: APPS },
      spec: { interval: "1h", chart: { spec: { chart: "demo" } }, values: { filling: "x".repeat(FILLING) } },
      status: { observedGeneration: 1, conditions: [condition] },
    });
  }
  const config = join(scratch, "lists.yaml");
  const project = join(scratch, "lists");
  await mkdir(project, { recursive: true });
  const remote = { cluster: "here", kubeconfig: cluster.kubeconfig };
  const environments = [{ name: "here", match: { clusters: ["here"] }, remote }];
  await writeFile(config, JSON.stringify({ remote: { clusters: { here: { transport: "local" } }, kubectl_path: KUBECTL }, environments }));
  const bin = join(REPOSITORY, "servers/flux-teleport/dist/bin.js");
  const agent = await startAgent({ bin, roots: [], home: join(scratch, "lists-home"), cwd: project, env: { PLATFORM_OPS_CONFIG: config } });
  try {
    let tokens = 0;
    const list = async (): Promise<void> => {
      const { text, isError } = await agent.call("list_flux_objects", { kind: "HelmRelease" });
      if (isError) throw new Error(text);
      tokens = Math.ceil(text.length / 4);
    };
    const words = [`--kubeconfig=${cluster.kubeconfig}`, "get", "helmreleases.helm.toolkit.fluxcd.io", "-A", "-o", "json"];
    const taken = await pairs(list, () => kubectl(words), rounds);
    const ratio = median(taken.map(({ ours, theirs }) => ours / theirs));
    const [ours, theirs] = [median(taken.map((pair) => pair.ours)), median(taken.map((pair) => pair.theirs))];
    report(`a list of ${COUNT} ÷ kubectl -o json`, `${ratio.toFixed(2)} (${ours.toFixed(0)} ms ÷ ${theirs.toFixed(0)} ms)`, "≤ 1.3");
    report("its answer", `${tokens} tokens`, "≤ 2,000");
    report("the most that the server then held", `${peakMegabytes(agent.pid).toFixed(0)} MB`, "≤ 120 MB");
  } finally {
    await agent.close();
    await cluster.stop();
  }
}

function kubectl(words: readonly string[]): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = spawn(KUBECTL, [...words], { stdio: ["ignore", "pipe", "inherit"] });
    child.stdout.resume();
    child.on("error", reject);
    child.on("close", (code) => (code === 0 ? resolve() : reject(new Error(`kubectl ended with ${code}`))));
  });
}

/** As the kernel counts it; 0 where there is no /proc. */
function peakMegabytes(pid: number): number {
  try {
    return Number(/VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1]) / 1024;
  } catch {
    return 0;
  }
}
