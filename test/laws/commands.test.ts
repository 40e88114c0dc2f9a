import { EventEmitter } from "node:events";
import { parseArgs } from "node:util";
import type { Command } from "@platform-ops/ledger";
import { runBin } from "@platform-ops/mcp-kit";
import { describe, expect, it } from "vitest";

// A subcommand's help is what a person has at a terminal: it must be whole, and what it shows must be accepted.

const SERVERS = ["terraform", "flux-teleport", "meta-workflows"];

/** All that a subcommand needs until it knows that it was used rightly. */
const DEPS = { config: { settings: { home: "" }, signingEnvironment: {} } };

async function commandsIn(server: string): Promise<readonly Command[]> {
  const { commandsOf } = (await import(`../../servers/${server}/src/commands/index.ts`)) as {
    commandsOf(deps: object): Promise<readonly Command[]>;
  };
  // Names, usages and options are plain values: no dependency is opened to list them.
  return await commandsOf(DEPS);
}

describe.each(SERVERS)("The help of %s", async (server) => {
  const commands = await commandsIn(server);

  it.each(commands.map((command) => [command.name, command] as const))("%s", (name, { summary, usage, options = {}, examples = [] }) => {
    expect(usage.split(" ", 1)).toEqual([name]);
    expect(summary).toMatch(/^[A-Z].*[^.]$/);
    for (const [option, { description }] of Object.entries(options)) {
      expect(usage, `the usage does not name --${option}`).toContain(`--${option}`);
      expect(description).toMatch(/^[A-Z`].*[^.]$/);
    }
    expect(examples.length).toBeGreaterThan(0);
    for (const example of examples) {
      const [first, ...words] = (example.split(/ [|>] /, 1)[0] ?? "").match(/'[^']*'|"[^"]*"|\S+/g) ?? [];
      expect(first).toBe(name);
      expect(() => parseArgs({ args: words, options: typesOf(options), allowPositionals: true, strict: true }), example).not.toThrow();
    }
  });
});

describe.each(SERVERS)("What %s was not told, or told wrongly, it says in words", async (server) => {
  const commands = await commandsIn(server);

  async function wrongly(...argv: string[]): Promise<string> {
    const written = { out: "", err: "" };
    const code = await runBin({
      name: server,
      version: "0",
      argv,
      commands: async () => commands,
      deps: async () => DEPS,
      serve: () => Promise.reject(new Error("serves")),
      terminal: {
        stdout: (text) => void (written.out += text),
        stderr: (text) => void (written.err += text),
        isTTY: false,
        color: false,
        columns: 80,
      },
      signals: new EventEmitter(),
    });
    expect([code, written.out], written.err).toEqual([2, ""]);
    // What is wrong, and below it what to do.
    expect(written.err).toMatch(new RegExp(`^${server}: .+\\n.+\\n$`));
    expect(written.err.length).toBeLessThan(600);
    return written.err;
  }

  it.each(commands.map(({ name, usage }) => [name, usage] as const))("%s", async (name, usage) => {
    const [, ...words] = usage.replace(/ \[?--.*/, "").split(" ");
    if (words.some((word) => !word.startsWith("["))) expect(await wrongly(name)).toMatch(/takes|needs|named/);
    expect(await wrongly(name, "--no-such-option")).toContain(`${name} has no option --no-such-option`);
    if (words.length === 0) expect(await wrongly(name, "x".repeat(5000))).toContain("takes no argument");
    else expect(await wrongly(name, "")).toContain("was given an empty");
    if (!words.at(-1)?.includes("…")) expect(await wrongly(name, ...words.map(() => "x"), "y")).toMatch(/was given "[xy]"/);
  });

  it.each(["x".repeat(5000), "", "-x"])("a subcommand that is none: %j", async (name) => {
    expect(await wrongly(name)).toMatch(/has no (?:subcommand|option)/);
  });
});

function typesOf(options: NonNullable<Command["options"]>): Record<string, { type: "string" | "boolean"; multiple?: boolean }> {
  return Object.fromEntries(Object.entries(options).map(([name, { type, multiple }]) => [name, { type, ...(multiple && { multiple }) }]));
}
