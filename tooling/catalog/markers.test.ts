import { expect, it } from "vitest";
import { code, fillMarkers, markdownTable } from "./markers.ts";

const page = "# Tools\n\n<!-- generated:tools-terraform -->\nold\n<!-- /generated:tools-terraform -->\n\nmore\n";

it("replaces what is between the markers and nothing else, and changes nothing a second time", () => {
  const once = fillMarkers(page, new Map([["tools-terraform", "new\n"]]));
  expect(once).toBe("# Tools\n\n<!-- generated:tools-terraform -->\n\nnew\n\n<!-- /generated:tools-terraform -->\n\nmore\n");
  expect(fillMarkers(once, new Map([["tools-terraform", "new"]]))).toBe(once);
});

it("refuses a part that nothing is generated for", () => {
  expect(() => fillMarkers(page, new Map([["settings", ""]]))).toThrow('nothing is generated under "tools-terraform"; there is: settings');
});

it("keeps a table whole: pipes and line breaks in cells", () => {
  expect(markdownTable(["a", "b"], [["x|y", "1\n2"]])).toBe("| a | b |\n|---|---|\n| x\\|y | 1 2 |");
  expect([code("x"), code(undefined)]).toEqual(["`x`", ""]);
});
