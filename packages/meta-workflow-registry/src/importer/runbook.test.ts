import { describe, expect, it } from "vitest";
import type { Step } from "../definition/definition.ts";
import { fillTemplate, fillToText } from "../expression/index.ts";
import { importRunbook } from "./runbook.ts";

const WIKI = `# Restart a stuck node

When a node stops taking work, do this. Takes about ten minutes.

## Before you start

You need the admin role.

## Steps

1. **Drain the node.** Wait until nothing runs on it.

   \`\`\`bash
   kubectl drain <node name> --ignore-daemonsets
   kubectl get pods --field-selector 'spec.nodeName=<node name>'
   \`\`\`

2. Restart it

   - from the console
   - or by hand

   \`\`\`console
   $ ssh <node name> sudo reboot
   Connection closed.
   \`\`\`

3. Look whether it is back: \`kubectl get nodes\`

## If it does not come back

Call the on-call person.
`;

describe("importRunbook", () => {
  it("has a gate where a numbered step says that it waits for an approval, and its commands wait too", () => {
    const page =
      "# Fail over\n\n1. Look which one leads.\n2. Get approval from whoever owns the data.\n3. Promote the other one.\n\n   ```sh\n   promote <node>\n   ```\n\n4. Tell everybody.\n";
    const { definition, changes, problems } = importRunbook(page);
    expect(definition?.steps.map(({ id, type, guard }) => [id, type, guard])).toEqual([
      ["look_which_one_leads", "prompt", undefined],
      ["get_approval_from_whoever_owns_the_data", "prompt", undefined],
      ["asked_before_promote_the_other_one", "approval", undefined],
      ["promote_the_other_one", "prompt", "asked_before_promote_the_other_one"],
      ["run_promote_the_other_one", "shell", "asked_before_promote_the_other_one"],
      ["tell_everybody", "prompt", undefined],
    ]);
    expect(changes.filter((change) => change.includes("is an approval"))).toEqual([expect.stringMatching(/^line 4: “Get approval from/)]);
    // Places of problems are still those of the page.
    expect(problems.map(({ code, line }) => `${code} ${line}`)).toEqual(["WF122 7"]);
  });

  it("gives a prompt for each numbered step and a step for each shell block", () => {
    const { definition, problems, changes } = importRunbook(WIKI);
    expect(problems.filter(({ severity }) => severity === "error")).toEqual([]);
    expect(problems.map(({ code, line }) => `${code} ${line}`)).toEqual(["WF122 13", "WF122 23"]);
    expect(definition).toMatchObject({
      id: "restart-a-stuck-node",
      name: "Restart a stuck node",
      status: "draft",
      description: "When a node stops taking work, do this. Takes about ten minutes.",
      inputs: { required: ["node_name"], properties: { node_name: { type: "string" } } },
    });
    expect(definition?.steps.map(({ id, type }) => [id, type])).toEqual([
      ["drain_the_node", "prompt"],
      ["run_drain_the_node", "shell"],
      ["restart_it", "prompt"],
      ["run_restart_it", "shell"],
      ["look_whether_it_is_back", "prompt"],
    ]);
    expect(definition?.steps[1]).toMatchObject({
      runs_on: "client",
      command: `kubectl drain "\${VALUE_1}" --ignore-daemonsets\nkubectl get pods --field-selector 'spec.nodeName='"\${VALUE_1}"''`,
      env: { VALUE_1: "${{ inputs.node_name }}" },
    });
    expect(definition?.steps[2]).toMatchObject({ instructions: "- from the console\n- or by hand" });
    expect(definition?.steps[3]).toMatchObject({ command: 'ssh "${VALUE_1}" sudo reboot' });
    expect(changes).toContain(
      "line 32: text under “If it does not come back” is left out: it is in no numbered step. Keep it in SKILL.md, or number it.",
    );
    expect(changes).toContain("line 11: “Drain the node” is a prompt for an agent.");
  });

  it("reads steps that are headings", () => {
    const { definition } = importRunbook(
      "# X\n\n## Step 1: Look\n\nAt the logs.\n\n### Where\n\n```sh\ntail -f log < in > out\n```\n\n## 2. Tell\n\nEverybody.\n",
    );
    expect(definition?.steps.map(({ id, type }) => [id, type])).toEqual([
      ["look", "prompt"],
      ["run_look", "shell"],
      ["tell", "prompt"],
    ]);
    expect(definition?.steps[1]).toMatchObject({ command: "tail -f log < in > out" });
  });

  it("keeps words words", () => {
    const { definition } = importRunbook("1. Say ${{ inputs.x }} and {{ y }}\n\n   ```sh\n   echo ${{ z }}\n   ```\n");
    const [prompt, shell] = definition?.steps ?? [];
    expect(fillToText((prompt as Step & { type: "prompt" }).instructions, {})).toBe("Say ${{ inputs.x }} and {{ y }}");
    expect(shell).toMatchObject({ command: 'echo "${VALUE_1}" z }}' });
    expect(fillTemplate((shell as Step & { type: "shell" }).env ?? null, {})).toEqual({ VALUE_1: "${{" });
  });

  it.each([
    ["nothing", ""],
    ["no step", "# Only a title\n\nand words\n"],
    ["too much", "1. x\n".repeat(200_000)],
    ["too deep", `${"> ".repeat(5_000)}1. x\n`],
    ["too many steps", "1. x\n".repeat(4_000)],
  ])("refuses %s with words", (_name, text) => {
    const { definition, problems } = importRunbook(text);
    expect(definition).toBeUndefined();
    expect(problems.some(({ severity }) => severity === "error")).toBe(true);
  });
});
