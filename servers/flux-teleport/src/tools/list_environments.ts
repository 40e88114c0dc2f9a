import { z } from "zod";
import { done, operationsTool } from "./result.ts";

export const list_environments = operationsTool({
  name: "list_environments",
  title: "List environments",
  description: "Clusters, environments, policy.",
  effect: "read",
  toolset: "teleport",
  input: z.strictObject({}),
  async run(_input, deps) {
    const { settings, policy } = deps.config;
    const clusters = Object.entries(settings.remote.clusters).map(([name, { transport, user, teleport }]) => ({
      name,
      transport,
      user: user ?? null,
      proxy: teleport.proxy ?? null,
    }));
    const environments = policy.environments.map(({ name, protected: isProtected, channels, match, remote }) => ({
      name,
      protected: isProtected,
      channels,
      preset: remote?.preset ?? "guarded",
      match: { clusters: match.clusters ?? [], nodes: match.nodes ?? [] },
      kubernetes:
        remote?.cluster === undefined
          ? null
          : {
              cluster: remote.cluster,
              node: remote.node ?? null,
              user: remote.user ?? null,
              sudo: remote.sudo,
              kubeconfig: remote.kubeconfig,
            },
    }));
    const lines = [
      ...clusters.map(
        ({ name, transport, user, proxy }) =>
          `cluster ${name}: ${transport}${proxy === null ? "" : ` by ${proxy}`}${user === null ? "" : `, user ${user}`}`,
      ),
      ...environments.map(({ name, preset, kubernetes, channels }) => {
        const where =
          kubernetes === null
            ? "names no Kubernetes"
            : `Kubernetes on ${kubernetes.node ?? "a node you name"} of cluster ${kubernetes.cluster}`;
        return `environment ${name}: ${where}; ${preset}; approvals by ${channels.join(", ")}`;
      }),
    ];
    if (clusters.length === 0)
      return done(
        "No cluster may be reached: the operator's file names none.",
        { clusters, environments },
        [...lines, "Next: the operator names clusters in the section remote of the configuration, or in ALLOWED_TELEPORT_CLUSTERS."].join(
          "\n",
        ),
        "warn",
      );
    return done(`${clusters.length} cluster(s), ${environments.length} environment(s)`, { clusters, environments }, lines.join("\n"));
  },
});
