import { parseArgs } from "node:util";
import type { Command } from "@platform-ops/ledger";
import { describe, expect, it } from "vitest";

// A subcommand's help is what a person has at a terminal: it must be whole, and what it shows must be accepted.

const SERVERS = ["terraform", "flux-teleport", "meta-workflows"];

describe.each(SERVERS)("The help of %s", async (server) => {
  const { commandsOf } = (await import(`../../servers/${server}/src/commands/index.ts`)) as {
    commandsOf(deps: object): Promise<readonly Command[]>;
  };
  // Names, usages and options are plain values: no dependency is opened to list them.
  const commands = await commandsOf({ config: { settings: { home: "" }, signingEnvironment: {} } });

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

function typesOf(options: NonNullable<Command["options"]>): Record<string, { type: "string" | "boolean"; multiple?: boolean }> {
  return Object.fromEntries(Object.entries(options).map(([name, { type, multiple }]) => [name, { type, ...(multiple && { multiple }) }]));
}
