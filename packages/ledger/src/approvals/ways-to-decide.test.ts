import { expect, it } from "vitest";
import type { Channel } from "./channel.ts";
import { waysToDecide } from "./ways-to-decide.ts";

const ways = (channels: Channel[], form?: string): string[] => waysToDecide({ id: "apr_1", channels }, "x-mcp", form);

it("names the ways of the request, and a form only where one can be shown", () => {
  expect(ways(["elicit", "cli", "signed"], "call again")).toEqual([
    "by form: call again",
    "at a terminal: x-mcp approve apr_1",
    "by signature: x-mcp approve apr_1 --key FILE",
  ]);
  expect(ways(["elicit", "cli"])).toEqual(["at a terminal: x-mcp approve apr_1"]);
  expect(ways(["signed"], "call again")).toEqual(["by signature: x-mcp approve apr_1 --key FILE"]);
  expect(ways(["elicit"])).toEqual(["by form only: in a client that shows forms"]);
});
