import { OpsError } from "@platform-ops/errors";
import { describe, expect, test } from "vitest";
import { fixture } from "../fixture/definition.ts";
import { SECRET } from "../fixture/tools.ts";
import { definePrompt, namesIn, resourcesFor } from "./resource.ts";
import { CLIENTS, connect } from "../testing/connect.ts";

const resource = resourcesFor<unknown>();
const base = { title: "A thing", description: "One thing.", mimeType: "text/plain" };
const resources = [
  resource({ ...base, uri: "thing://all", name: "all", read: async () => `all of ${SECRET}` }),
  resource({
    ...base,
    uri: "thing://things/{id}",
    name: "thing",
    list: async () => [{ uri: "thing://things/a", name: "a" }],
    async read({ id }) {
      if (id === "gone") return undefined;
      if (id === "broken") throw new Error("internal words");
      if (id === "refused") throw new OpsError("not_found", "No thing is called so.");
      return `thing ${id}`;
    },
  }),
  resource({
    ...base,
    uri: "thing://broken/{id}",
    name: "unlistable",
    list: () => Promise.reject(new Error("internal words")),
    read: async () => "",
  }),
];
const greet = definePrompt({
  name: "greet",
  title: "Greet",
  description: "Greets.",
  arguments: [{ name: "who", required: true }],
  text: ({ who }) => `Greet ${who}, not ${SECRET}.`,
});

describe.each(CLIENTS)("resources and prompts by %s", (make) => {
  const open = () => connect(fixture({ resources, prompts: async () => [greet] }).definition, { make });

  test("are listed, the templates apart; what cannot be listed does not hide the others", async () => {
    await using client = await open();
    expect(await client.listResources()).toEqual({
      uris: ["thing://all", "thing://things/a"],
      templates: ["thing://things/{id}", "thing://broken/{id}"],
    });
    expect(await client.listPrompts()).toMatchObject([{ name: "greet", arguments: [{ name: "who", required: true }] }]);
  });

  test("are read, masked; names are decoded", async () => {
    await using client = await open();
    expect(await client.read("thing://all")).toBe("all of [redacted]");
    expect(await client.read("thing://things/a%20b")).toBe("thing a b");
    expect(await client.prompt("greet", { who: "Ann" })).toBe("Greet Ann, not [redacted].");
  });

  test("that are not there, or fail, say so in words of ours", async () => {
    await using client = await open();
    for (const uri of ["thing://nowhere", "thing://things/gone", "thing://things/a/b", "thing://things/%zz"])
      await expect(client.read(uri)).rejects.toThrow(/There is no resource/);
    await expect(client.read("thing://things/refused")).rejects.toThrow(/No thing is called so/);
    await expect(client.read("thing://things/broken")).rejects.toThrow(/call_/);
    await expect(client.read("thing://things/broken")).rejects.not.toThrow(/internal words/);
    await expect(client.prompt("greet")).rejects.toThrow(/needs: who/);
    await expect(client.prompt("bye")).rejects.toThrow(/no prompt bye/);
  });
});

test("a name of a template is no path, and nothing in it is a pattern", () => {
  expect(namesIn("a://x.y/{id}", "a://xzy/1")).toBeUndefined();
  expect(namesIn("a://{one}/{two}", "a://1/2")).toEqual({ one: "1", two: "2" });
  expect(namesIn("a://{one}", `a://${"x".repeat(400)}`)).toBeUndefined();
});
