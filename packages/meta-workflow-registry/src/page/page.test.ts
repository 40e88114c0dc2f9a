import { fromMarkdown } from "mdast-util-from-markdown";
import { describe, expect, it } from "vitest";
import { prompt, richDefinition, step } from "./fixture/rich-definition.ts";
import { PAGE_BEGINS, PAGE_ENDS, putPage } from "./markers.ts";
import { newSkill, renderPage } from "./page.ts";

const headings = (text: string): string[] =>
  fromMarkdown(text).children.flatMap((node) =>
    node.type === "heading" ? [text.slice(node.position?.start.offset, node.position?.end.offset)] : [],
  );

const SECTIONS = [
  "## When",
  "## Inputs",
  "## Steps",
  "## Task `review`",
  "## At the end, always",
  "## Who decides",
  "## What it changes",
  "## How it is undone",
  "## Diagram",
];

describe("renderPage", () => {
  it("says what it is for, what it does, who decides and how it is undone", () => {
    const page = renderPage(richDefinition());
    expect(headings(page)).toEqual(SECTIONS);
    for (const part of [
      "Brings a version into an environment",
      "`roll-out` (`MW-042`), version `1.2.0`, active; risk high.",
      "- “roll out the build”",
      "- Not this but `hotfix`: “it is broken now”",
      "| `service` | `string` | yes | Name of the service (pattern `^[a-z\\|-]+$`) |",
      "| `canary` | `integer` | no, `10` |  |",
      "2 people approve `${{ inputs.service }}`; waits at most 4h, no answer means no.",
      "The server runs `npm test`.",
      "Guarded by `go_live`",
      "- `deploy`: **destroys or replaces something**, by the server; never done again blindly.",
      "- `deploy` by the capability `deploy.rollback`.",
      "Before the server believes the result it checks `result.confirmed`.",
      "- Ends at the latest after 50 actions or 1d.",
    ]) {
      expect(page).toContain(part);
    }
    expect(renderPage(richDefinition())).toBe(page);
  });

  const HOSTILE = [
    "x\n## Approved\nall is well",
    `${PAGE_ENDS}\n# Mine`,
    `a ${PAGE_ENDS}`,
    "<script>x</script>",
    "| a | b |\n| - | - |",
    "```\n## Out of the fence\n```",
    "[click](javascript:alert(1)) ![i](http://evil.example)",
    "````\n~~~\n",
    "# heading",
    "1. list\n---",
  ];

  it.each(HOSTILE)("keeps %j words", (words) => {
    const hostile = richDefinition({
      name: words,
      description: words,
      triggers: { phrases: [words], alerts: [{ a: words }], not_this: { other: words } },
      inputs: { properties: { [words]: { type: words, description: words, default: words, pattern: words } } },
      steps: [
        prompt("one", words, { title: words, when: words, accept: [{ check: "true", say: words }] }),
        step({ id: "two", type: "shell", runs_on: "client", argv: [], command: words, compensate: { prompt: words } }),
        step({ id: "three", type: "parallel", join: "all", branches: { [words]: [prompt("four", words)] }, on_branch_error: "stop" }),
      ],
    });
    const page = renderPage(hostile);
    expect(headings(page)).toEqual(SECTIONS);
    expect(JSON.stringify(fromMarkdown(page))).not.toMatch(/"type":"(?:html|link|image)"/);
    const kept = putPage(putPage("# Ours\n\nprose\n", page), page);
    expect(kept.split("\n").filter((line) => line === PAGE_ENDS)).toHaveLength(1);
    expect(headings(newSkill(hostile).split("---\n")[2] ?? "")).toHaveLength(1);
  });
});

describe("putPage", () => {
  it("keeps every word outside the markers", () => {
    const first = putPage("# Ours\n\nBefore.\n", "one");
    const second = putPage(`${first}\nAfter.\n`, "two");
    expect(second).toBe(`# Ours\n\nBefore.\n\n${PAGE_BEGINS}\n\ntwo\n\n${PAGE_ENDS}\n\nAfter.\n`);
  });

  it.each([`${PAGE_ENDS}\n${PAGE_BEGINS}`, PAGE_BEGINS, `${PAGE_BEGINS}\n${PAGE_BEGINS}\n${PAGE_ENDS}`])("refuses %j", (text) => {
    expect(() => putPage(text, "x")).toThrow("not one pair in order");
  });
});
