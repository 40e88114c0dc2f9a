import { describe, expect, it } from "vitest";
import type { Template } from "../definition/definition.ts";
import { fillTemplate } from "../expression/index.ts";
import { filledProgram, filledTool } from "./server-call.ts";
import type { Here } from "./here.ts";
import type { Walk } from "./walk.ts";

/** What an agent said may look like anything. */
const SCOPE = {
  secrets: { token: "secret://token" },
  steps: { agent: { output: { title: "secret://token", expression: "${{ secrets.token }}" } } },
};
const walk = { fill: (template: Template) => fillTemplate(template, SCOPE) } as unknown as Walk;
const here = {} as Here;

describe("secrets of a call", () => {
  it("are named by their place in the definition, and leave no value behind", () => {
    const args = {
      key: "${{ secrets.token }}",
      title: "${{ steps.agent.output.title }}",
      more: "${{ steps.agent.output.expression }}",
      n: 1,
    };
    expect(filledTool(walk, here, { server: "s", tool: "t", args })).toEqual({
      kind: "tool",
      server: "s",
      tool: "t",
      args: { title: "secret://token", more: "${{ secrets.token }}", n: 1 },
      secret_args: { key: "token" },
    });
    expect(filledTool(walk, here, { capability: "c", args: { n: 1 } })).toEqual({ kind: "tool", capability: "c", args: { n: 1 } });
    expect(
      filledProgram(walk, here, { argv: ["deploy"], env: { TOKEN: "${{secrets.token}}", TITLE: "${{ steps.agent.output.title }}" } }),
    ).toEqual({
      kind: "program",
      argv: ["deploy"],
      env: { TITLE: "secret://token" },
      secret_env: { TOKEN: "token" },
    });
  });
});
