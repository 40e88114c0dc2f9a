import { setTimeout as sleep } from "node:timers/promises";
import { putFile, setStage, type Stage } from "./stage.ts";

/** What is shown, and how it comes about. */
export interface Scene {
  readonly name: string;
  /** Needs Temporal, a worker and terraform. */
  readonly isLong: boolean;
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
    isLong: false,
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
    isLong: true,
    async play(root) {
      const stage = setStage(root, "terraform", "examples/three-tier");
      await stage.behind(["setup"]);
      await stage.type(["doctor"]);
      return stage;
    },
  },
  {
    name: "approval",
    isLong: true,
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
];

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
