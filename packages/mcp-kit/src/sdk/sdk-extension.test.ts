import { describe, expect, test } from "vitest";
import { fixture } from "../fixture/definition.ts";
import { definePrompt } from "../resources/resource.ts";
import type { SdkExtension } from "./sdk-extension.ts";
import { connect } from "../testing/connect.ts";

const message = (text: string): object => ({ messages: [{ role: "user", content: { type: "text", text } }] });

const extension: SdkExtension = {
  capabilities: { prompts: { listChanged: true } },
  answers: { "prompts/get": ({ name }, { era, kit }) => (name === "era" ? message(era) : kit()) },
};
const greet = definePrompt({ name: "greet", title: "Greet", description: "Greets.", arguments: [], text: () => "Hello." });

describe.each(["modern", "legacy"] as const)("what a definition answers in the protocol's own terms, %s", (era) => {
  const open = () => connect(fixture({ prompts: async () => [greet], extension }).definition, { make: `sdk-2-${era}` });

  test("stands beside what the kit answers", async () => {
    await using client = await open();
    expect(await client.prompt("era")).toBe(era);
    expect(await client.prompt("greet")).toBe("Hello.");
    await expect(client.prompt("bye")).rejects.toThrow(/no prompt bye/);
    expect((await client.listTools()).length).toBeGreaterThan(0);
  });

  test("the kit says so where it has no answer", async () => {
    const listing: SdkExtension = { capabilities: { resources: {} }, answers: { "resources/list": (_params, { kit }) => kit() } };
    await using client = await connect(fixture({ extension: listing }).definition, { make: `sdk-2-${era}` });
    await expect(client.listResources()).rejects.toThrow(/Method not found/);
  });
});
