import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { KUBECTL } from "../../test/support/kube-api/kubectl.ts";
import { brokenFiles, gitRepository, goodFiles, kustomization, namespace } from "../../test/support/kube-api/manifests.ts";
import { startStandInCluster } from "../../test/support/kube-api/stand-in-cluster.ts";
import { stepsOf } from "../../test/support/tutorial.ts";
import { putFile, setStage, type Stage } from "./stage.ts";

/** What is shown, and how it comes about. */
export interface Scene {
  readonly name: string;
  /** Shows what differs between machines (versions, programs that are there): compared by `npm run screenshots -- --check` only. */
  readonly isOfMachine: boolean;
  play(root: string): Promise<Stage>;
}

const SETTINGS_OF_ZED = `// Zed settings
{
  "theme": "One Dark",
  "context_servers": {
    "browser": { "command": "browser-mcp", "args": [] } // keep
  }
}
`;

/** All pictures of the documentation. */
export const SCENES: readonly Scene[] = [
  {
    name: "install",
    isOfMachine: false,
    async play(root) {
      const stage = setStage(root, "terraform");
      putFile(stage, ".config/zed/settings.json", SETTINGS_OF_ZED);
      await stage.type(["install", "zed", "--dry-run", "--root", "."]);
      await stage.type(["install", "zed", "--root", "."]);
      await stage.type(["install"]);
      return stage;
    },
  },
  {
    name: "doctor",
    isOfMachine: true,
    async play(root) {
      const stage = setStage(root, "terraform", "examples/three-tier");
      await stage.behind(["setup"]);
      await stage.type(["doctor"]);
      return stage;
    },
  },
  {
    name: "approval",
    isOfMachine: true,
    async play(root) {
      const stage = setStage(root, "terraform", "examples/three-tier");
      await stage.behind(["setup"]);
      await stage.type(["run", "--no-wait"]);
      const id = await openApproval(stage);
      await stage.type(["approvals"]);
      await stage.type(["approve", id], { answer: "apply default" });
      await stage.type(["runs"]);
      return stage;
    },
  },
  {
    name: "plan",
    isOfMachine: true,
    async play(root) {
      const stage = setStage(root, "terraform", "examples/three-tier");
      putFile(stage, OPERATORS_FILE, WHAT_IS_NEW_MAY_BE_MADE);
      await stage.behind(["setup"]);
      await stage.behind(["run"]);
      // Somebody deletes what was made.
      rmSync(join(stage.project, "built/network.json"));
      await stage.behind(["run", "--plan", "--only", "network"]);
      await stage.type(["approvals"]);
      await stage.type(["show", await openApproval(stage)]);
      return stage;
    },
  },
  {
    name: "diagnosis",
    isOfMachine: false,
    async play(root) {
      const cluster = await startStandInCluster();
      const stage = setStage(root, "flux-teleport");
      try {
        putFile(stage, OPERATORS_FILE, machineItself(cluster.kubeconfig));
        await cluster.commit("shop", goodFiles("1"), "first");
        await cluster.apply([namespace(), gitRepository("shop", cluster.gitUrl("shop")), kustomization("shop", "shop")]);
        await saysOfFlux(stage, "ready");
        // A slip is pushed.
        await cluster.commit("shop", brokenFiles(), "a slip");
        await stage.behind(["call", "reconcile_flux_kustomization", '{"name":"shop","namespace":"apps"}']).catch(() => "");
        await stage.type(["call", "list_flux_kustomizations", '{"cluster":"test"}', "--text"]);
        await stage.type(["call", "diagnose_flux_issues", '{"cluster":"test"}', "--text"]);
        return stage;
      } finally {
        await cluster.stop();
      }
    },
  },
  {
    name: "runbook",
    isOfMachine: false,
    async play(root) {
      const stage = setStage(root, "meta-workflows");
      putFile(stage, OPERATORS_FILE, `meta_workflows: { definitions_path: ${join(stage.project, "meta-workflows")} }\n`);
      await stage.behind(["setup"]);
      await stage.behind(["new", "check-disk"]);
      const definition = join(stage.project, "meta-workflows/check-disk/workflow.yaml");
      writeFileSync(definition, fileOfTutorial(root, "first-runbook", "meta-workflows/check-disk/workflow.yaml"));
      const submit = (result: object): string[] => [
        "call",
        "submit_result",
        JSON.stringify({ workflow_id: "disk-of-web1", action_id: "look#1", result }),
        "--text",
      ];
      const inputs = { workflow_name: "check-disk", workflow_id: "disk-of-web1", inputs: { mount: "/var" } };
      await stage.type(["call", "start_workflow", JSON.stringify(inputs), "--text"]);
      await stage.type(submit({ largest: "/var/log/old.gz" }));
      await stage.type(submit({ largest: "/var/log/old.gz", safe_to_delete: true }));
      await stage.type(["runs"]);
      return stage;
    },
  },
];

const OPERATORS_FILE = ".config/platform-ops/config.yaml";

const WHAT_IS_NEW_MAY_BE_MADE = `environments:
  - name: staging
    channels: [elicit, cli]
approvals:
  auto:
    - environments: [staging]
      workspaces: ["*"]
      changes: [create, outputs]
`;

/** The operator's file for a Kubernetes that this machine reaches. */
function machineItself(kubeconfig: string): string {
  const remote = { clusters: { here: { transport: "local" } }, kubectl_path: KUBECTL };
  const environments = [{ name: "test", match: { clusters: ["here"] }, remote: { cluster: "here", kubeconfig } }];
  return JSON.stringify({ remote, environments });
}

async function saysOfFlux(stage: Stage, word: string): Promise<void> {
  for (let look = 0; look < 60; look += 1) {
    if ((await stage.behind(["call", "list_flux_kustomizations", '{"cluster":"test"}', "--text"])).includes(word)) return;
    await sleep(200);
  }
  throw new Error(`Flux does not become ${word}.`);
}

/** A file as a tutorial writes it. */
function fileOfTutorial(root: string, tutorial: string, path: string): string {
  const steps = stepsOf(readFileSync(join(root, `docs/tutorials/${tutorial}.md`), "utf8"));
  const written = steps.find((step) => step.does === "write" && step.path === path);
  if (written?.does !== "write") throw new Error(`${tutorial} writes no ${path}.`);
  return written.text;
}

/** The request for which the run waits. */
async function openApproval(stage: Stage): Promise<string> {
  for (let look = 0; look < 300; look += 1) {
    const { approvals } = JSON.parse(await stage.behind(["approvals", "--json"])) as { approvals: { id: string }[] };
    const [first] = approvals;
    if (first !== undefined) return first.id;
    await sleep(500);
  }
  throw new Error("The run asked for no approval.");
}
