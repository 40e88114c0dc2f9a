import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { existsSync, realpathSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { REPOSITORY, startAgent, type Agent } from "../../test/support/mcp-client.ts";
import { asFluxCluster } from "../../test/support/cluster/flux-cluster.ts";
import { builtCluster, startCluster } from "../../test/support/cluster/start-cluster.ts";
import { KUBECTL, KUBECTL_MISSING } from "../../test/support/kube-api/kubectl.ts";
import { APPS, brokenFiles, gitRepository, goodFiles, kustomization, namespace } from "../../test/support/kube-api/manifests.ts";
import { startStandInCluster, type FluxCluster } from "../../test/support/kube-api/stand-in-cluster.ts";
import { until } from "../../test/support/processes.ts";
import { clusterFolder } from "../cluster/build.mjs";
import { cacheFolder } from "../setup/cache.mjs";
import { call, heading, say, show } from "./screen.ts";

const BIN = join(REPOSITORY, "servers/flux-teleport/dist/bin.js");

/**
 * A broken Kustomization, found and mended by an agent through the built server. On a real API server with real controllers
 * where `npm run test:cluster` has built them, else on the tests' stand-in for both; kubectl is real in either case.
 */
export async function fluxDemo(): Promise<void> {
  const built = builtCluster(process.env) ?? clusterOfTheCache();
  if (built === undefined && KUBECTL_MISSING !== undefined) throw new Error(KUBECTL_MISSING);
  heading("A cluster with Flux");
  say(
    built === undefined
      ? "The stand-in API server of the tests. For real controllers: npm run test:cluster builds them, and the demo finds them."
      : "A real Kubernetes API server with Flux's source- and kustomize-controller.",
  );
  const cluster = built === undefined ? await startStandInCluster() : asFluxCluster(await startCluster(built));
  const folder = realpathSync(await mkdtemp(join(tmpdir(), "platform-ops-demo-")));
  try {
    const config = await operatorsFile(folder, cluster, built === undefined ? KUBECTL : `${built}/bin/kubectl`);
    await mkdir(join(folder, "project"));
    const agent = await startAgent({
      bin: BIN,
      roots: [],
      home: join(folder, "home"),
      cwd: join(folder, "project"),
      env: { PLATFORM_OPS_CONFIG: config },
      clientName: "demo",
    });
    try {
      await job(agent, cluster);
    } finally {
      await agent.close();
    }
  } finally {
    await cluster.stop();
    await rm(folder, { recursive: true, force: true, maxRetries: 5 });
  }
}

/** Where `npm run test:cluster` has put its programs, or undefined when it has not run. */
function clusterOfTheCache(): string | undefined {
  const folder = clusterFolder(cacheFolder());
  return existsSync(folder) ? folder : undefined;
}

/** What an operator writes once: where the Kubernetes of the environment is. */
async function operatorsFile(folder: string, cluster: FluxCluster, kubectl: string): Promise<string> {
  const file = join(folder, "config.yaml");
  const remote = { clusters: { here: { transport: "local" } }, kubectl_path: kubectl };
  const environments = [{ name: "test", match: { clusters: ["here"] }, remote: { cluster: "here", kubeconfig: cluster.kubeconfig } }];
  await writeFile(file, JSON.stringify({ remote, environments }, null, 2), { mode: 0o600 });
  return file;
}

async function job(agent: Agent, cluster: FluxCluster): Promise<void> {
  const app = { name: "app", namespace: APPS };
  const ask = async (tool: string, args: Record<string, unknown> = {}): Promise<Record<string, any>> => {
    call(tool, args);
    const answer = await agent.call(tool, args);
    show(answer.text);
    return answer.data;
  };
  const statusIs = (status: string): Promise<unknown> =>
    until(async () => {
      const { data } = await agent.call("list_flux_kustomizations");
      return (data["kustomizations"] as { status: string }[]).every((one) => one.status === status);
    }, `the Kustomization to be ${status}`);

  heading("1. Somebody pushes a commit that cannot be built");
  await cluster.commit("app", goodFiles("1"), "first");
  await cluster.apply([namespace(), gitRepository("app", cluster.gitUrl("app")), kustomization("app", "app")]);
  await statusIs("ready");
  await cluster.commit("app", brokenFiles(), "a slip");
  await agent.call("reconcile_flux_kustomization", app);

  heading("2. What is there, and what is wrong with it");
  await ask("list_flux_kustomizations");
  await ask("diagnose_flux_issues");

  heading("3. The commit that mends it, fetched and applied");
  say(`pushed: ${await cluster.commit("app", goodFiles("2"), "mended")}`);
  const mended = await ask("reconcile_flux_kustomization", { ...app, wait_seconds: 40 });
  if (mended["outcome"] !== "reconciled") throw new Error(`not ready: ${JSON.stringify(mended)}`);

  heading("4. Ready");
  await ask("list_flux_kustomizations");
  await ask("get_flux_tree", app);
}
