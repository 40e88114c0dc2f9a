import { describe, expect, test } from "vitest";
import { withEntry, withoutEntry, type Configuration } from "./edit-configuration.ts";
import { jsoncFormat } from "./jsonc-format.ts";
import { tomlFormat } from "./toml-format.ts";

const FIELDS = { command: "npx", args: ["-y", "@platform-ops/terraform-mcp@0.1.0"] };

function jsonc(text: string, name = "ours"): Configuration {
  return { file: "settings.json", text, place: { container: "mcpServers", name }, format: jsoncFormat };
}

function toml(text: string, name = "ours"): Configuration {
  return { file: "config.toml", text, place: { container: "mcp_servers", name }, format: tomlFormat };
}

const ENTRY = `"ours": {\n      "command": "npx",\n      "args": [\n        "-y",\n        "@platform-ops/terraform-mcp@0.1.0"\n      ]\n    }`;

describe("a file of JSON with comments", () => {
  test.each([
    ["nothing", "", `{\n  "mcpServers": {\n    ${ENTRY}\n  }\n}\n`],
    ["an empty object", "{}\n", `{\n  "mcpServers": {\n    ${ENTRY}\n  }\n}\n`],
    ["comments alone", "// mine\n/* more */", `// mine\n/* more */\n{\n  "mcpServers": {\n    ${ENTRY}\n  }\n}\n`],
    [
      "a comment behind the last entry",
      `// mine\n{\n  "mcpServers": {\n    "a": {"command": "x"} // keep\n  }\n}\n`,
      `// mine\n{\n  "mcpServers": {\n    "a": {"command": "x"}, // keep\n    ${ENTRY}\n  }\n}\n`,
    ],
    [
      "trailing commas",
      `{\n  "mcpServers": {\n    "a": {}, // keep\n    // and this, too\n  },\n}\n`,
      `{\n  "mcpServers": {\n    "a": {}, // keep\n    // and this, too\n    ${ENTRY},\n  },\n}\n`,
    ],
    ["no servers yet", `{\n  "theme": "x"\n}`, `{\n  "theme": "x",\n  "mcpServers": {\n    ${ENTRY}\n  }\n}`],
  ])("with %s gets the entry and is otherwise as it was", (_what, before, after) => {
    const made = withEntry(jsonc(before), FIELDS);
    expect(made).toBe(after);
    expect(withEntry(jsonc(made), FIELDS)).toBe(made);
  });

  test("keeps tabs, the line ends of Windows, and a byte order mark", () => {
    const before = '\uFEFF{\r\n\t"mcpServers": {\r\n\t\t"a": {}\r\n\t}\r\n}\r\n';
    const made = withEntry(jsonc(before), FIELDS);
    expect(made).toBe(
      '\uFEFF{\r\n\t"mcpServers": {\r\n\t\t"a": {},\r\n\t\t"ours": {\r\n\t\t\t"command": "npx",\r\n\t\t\t"args": [\r\n\t\t\t\t"-y",\r\n\t\t\t\t"@platform-ops/terraform-mcp@0.1.0"\r\n\t\t\t]\r\n\t\t}\r\n\t}\r\n}\r\n',
    );
    expect(withoutEntry(jsonc(made))).toBe(before);
  });

  test("keeps what the owner added to our entry", () => {
    const before = `{ "mcpServers": { "ours": { "command": "old", "timeout": 300, "env": { "MINE": "1" } /* why */ } } }`;
    const made = withEntry(jsonc(before), { ...FIELDS, env: { AWS_PROFILE: "x" } });
    expect(JSON.parse(made.replace("/* why */", ""))).toEqual({
      mcpServers: { ours: { ...FIELDS, timeout: 300, env: { MINE: "1", AWS_PROFILE: "x" } } },
    });
    expect(made).toContain("/* why */");
  });

  test.each([
    `{\n  "mcpServers": {\n    "a": {"command": "x"} // keep\n  }\n}\n`,
    `{\n  "mcpServers": {\n    "a": {}, // keep\n    // last\n  },\n}\n`,
    `{"mcpServers":{"a":{}}}`,
  ])("%j means the same after the entry was put in and taken out", (before) => {
    const without = withoutEntry(jsonc(withEntry(jsonc(before), FIELDS)));
    expect(jsoncFormat.parse(without, "")).toEqual(jsoncFormat.parse(before, ""));
    if (before.includes("\n  ")) expect(without).toBe(before);
  });

  test("loses the entry from the middle, and nothing else", () => {
    const text = `{\n  "mcpServers": {\n    "a": {}, // one\n    "ours": {"command": "npx"},\n    "b": {} // two\n  }\n}\n`;
    expect(withoutEntry(jsonc(text))).toBe(`{\n  "mcpServers": {\n    "a": {}, // one\n    "b": {} // two\n  }\n}\n`);
  });

  test.each([
    ['{\n  "mcpServers": {\n    "a": {"token": "hunter2" "b": 1}\n  }\n}', /settings\.json:3:30: comma expected/],
    ['{ "mcpServers": {', /settings\.json:1:\d+: close brace expected/],
    ["[]", /settings\.json:1:1: an object is expected/],
    ['{\n "mcpServers": []\n}', /settings\.json:2:1: mcpServers is not a table/],
    ['{ "mcpServers": { "ours": "npx" } }', /ours is not an entry/],
    // A parser takes the last of two, an editor the first.
    ['{\n "mcpServers": {"a": {}},\n "mcpServers": {"b": {}}\n}', /without changing something else/],
  ])("%j is refused with its place, and not repeated", (text, words) => {
    let failure: Error | undefined;
    try {
      withEntry(jsonc(text), FIELDS);
    } catch (error) {
      failure = error as Error;
    }
    expect(failure?.message).toMatch(words);
    expect(failure).toMatchObject({ code: "invalid_config" });
    expect(failure?.message).not.toContain("hunter2");
  });
});

describe("a file of TOML", () => {
  const OWN = `[mcp_servers.ours]\ncommand = "npx"\nargs = [ "-y", "@platform-ops/terraform-mcp@0.1.0" ]\n`;
  const THEIRS = `# mine\nmodel = "o"\nnote = """\n[mcp_servers.ours]\n"""\n\n[mcp_servers.a]\ncommand = "x" # keep\nargs = [\n  "[mcp_servers.ours]", # not a table\n]\n\n[mcp_servers.a.env]\nTOKEN = "t"\n`;

  test("gets the entry at its end and is otherwise as it was", () => {
    expect(withEntry(toml(""), FIELDS)).toBe(OWN);
    const made = withEntry(toml(THEIRS), FIELDS);
    expect(made).toBe(`${THEIRS}\n${OWN}`);
    expect(withEntry(toml(made), FIELDS)).toBe(made);
    expect(withoutEntry(toml(made))).toBe(THEIRS);
  });

  test("keeps what the owner added to our entry, and what stands behind it", () => {
    const before = `[mcp_servers."ours"]\ncommand = 'old'\nargs = [\n  "x",\n] # why\nrequired = true\n\n[mcp_servers.ours.tools.a]\napproval_mode = "prompt"\n\n# of b\n[mcp_servers.b]\ncommand = "b"`;
    const made = withEntry(toml(before), { ...FIELDS, env_vars: ["AWS_PROFILE"] });
    expect(tomlFormat.parse(made, "")).toEqual({
      mcp_servers: {
        ours: { ...FIELDS, required: true, env_vars: ["AWS_PROFILE"], tools: { a: { approval_mode: "prompt" } } },
        b: { command: "b" },
      },
    });
    expect(withoutEntry(toml(made))).toBe(`# of b\n[mcp_servers.b]\ncommand = "b"`);
  });

  test.each([
    ['model = "o"\nx = = 1', /config\.toml:2:\d+: /],
    ['[mcp_servers]\nours = { command = "npx" }', /stands in a form that is not edited/],
    ["mcp_servers = { a = { command = 'x' } }", /stands in a form that is not edited/],
    ['key = "hunter2', /config\.toml:1:/],
  ])("%j is refused with its place", (text, words) => {
    expect(() => withEntry(toml(text), FIELDS)).toThrow(words);
    expect(() => withEntry(toml(text), FIELDS)).not.toThrow(/hunter2/);
  });
});

test.each([
  ["config.toml", toml(`[${Array.from({ length: 3_000 }, () => "a").join(".")}]`)],
  ["settings.json", jsonc(`${'{"a":'.repeat(2_500)}1${"}".repeat(2_500)}`)],
  ["settings.json", jsonc("[".repeat(100_000))],
])("a %s deeper than the stack is refused", (file, configuration) => {
  for (const change of [() => withEntry(configuration, FIELDS), () => withoutEntry(configuration)])
    expect(change).toThrow(`${file}:1:1: it is nested too deeply`);
});

test("an edit that would change something else is refused, whatever made it", () => {
  const text = '{"mcpServers": {"a": {"command": "x"}}, "theme": "b"}';
  for (const clobbered of [
    `{"mcpServers": {"ours": ${JSON.stringify(FIELDS)}}, "theme": "b"}`,
    `{"mcpServers": {"a": {"command": "x"}, "ours": ${JSON.stringify(FIELDS)}}}`,
  ]) {
    const careless = { ...jsonc(text), format: { ...jsoncFormat, put: () => clobbered } };
    expect(() => withEntry(careless, FIELDS)).toThrow(/without changing something else/);
  }
});
