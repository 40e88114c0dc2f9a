import { hostname, userInfo } from "node:os";
import { OpsError } from "@platform-ops/errors";
import { programEnvironment } from "../program-environment.ts";
import type { Surroundings } from "../surroundings.ts";
import type { ExecEnd, ExecRequest, Transport } from "../transport.ts";
import { ProgramRunner } from "./program-runner.ts";

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
  // bash takes a first level whose stdin is a socket, as pipes of Node.js are, for a login over the network, and reads .bashrc.
  const env = { ...programEnvironment(surroundings.env, KUBERNETES_VARIABLES), SHLVL: "1" };
  const runner = new ProgramRunner({ env, cwd: surroundings.home });
  return {
    kind: "local",
    exec: (request) => {
      const refusal = refusalOf(request);
      return refusal === undefined
        ? runner.exec(request.words ?? [], request)
        : Promise.resolve<ExecEnd>({ how: "refused", exit_code: null, failure: refusal });
    },
    nodes: () => Promise.resolve([{ hostname: LOCAL_NODE, address: hostname(), labels: {} }]),
    defaultUser: () => Promise.resolve(userInfo().username),
    close: () => runner.close(),
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
