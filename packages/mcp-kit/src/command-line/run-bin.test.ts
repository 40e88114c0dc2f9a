import { EventEmitter } from "node:events";
import { OpsError } from "@platform-ops/errors";
import { defineCommand, Redactor, type Terminal } from "@platform-ops/ledger";
import { describe, expect, test } from "vitest";
import { fixture } from "../fixture/definition.ts";
import { SECRET } from "../fixture/tools.ts";
import { callCommand } from "./call-command.ts";
import { type Bin, runBin } from "./run-bin.ts";

const greet = defineCommand<{ greeting: string }>({
  name: "greet",
  summary: "greets somebody",
  usage: "greet NAME [--loud] [--times N]",
  examples: ["greet ann --loud"],
  options: { loud: { type: "boolean", short: "l", description: "louder" }, times: { type: "string", description: "how often" } },
  async run({ positionals, options }, deps, terminal, signal) {
    if (positionals[0] === "nobody") throw new OpsError("not_found", "there is nobody.");
    if (positionals[0] === "setup") throw new OpsError("setup_needed", "Temporal is not installed.", { hint: "Run `x setup`." });
    if (positionals[0]?.startsWith("long")) throw new OpsError("not_found", `there is no ${positionals[0]}.`);
    if (positionals[0] === "crash") throw new Error(`boom ${SECRET}`);
    if (positionals[0] === "forever")
      await new Promise((_, reject) => signal.addEventListener("abort", () => reject(new Error("aborted"))));
    terminal.stdout(`${deps.greeting} ${positionals[0]}${options.loud ? "!" : ""}\n`);
    return 0;
  },
});

const look = defineCommand({
  name: "look",
  summary: "looks",
  usage: "look [--far [--away]] [--json | --sarif]",
  options: { far: { type: "boolean", description: "far" } },
  run: async () => 0,
});

async function run(argv: string[], overrides: Partial<Bin> = {}) {
  const written = { out: "", err: "" };
  const terminal: Terminal = {
    stdout: (text) => void (written.out += text),
    stderr: (text) => void (written.err += text),
    isTTY: false,
    color: false,
    columns: 80,
  };
  let served = 0;
  const { definition } = fixture();
  const commands = async () => [greet, look, callCommand(async () => definition)];
  const code = await runBin({
    name: "x-mcp",
    version: "1.2.3",
    argv,
    commands,
    deps: async () => ({ greeting: "hello" }),
    serve: async () => void served++,
    terminal,
    redactor: new Redactor([SECRET]),
    signals: new EventEmitter(),
    platform: "linux",
    ...overrides,
  });
  return { code, ...written, served };
}

describe("a bin", () => {
  test("without a subcommand serves and prints nothing", async () => {
    expect(await run([])).toEqual({ code: 0, out: "", err: "", served: 1 });
  });

  test("does not load its subcommands to serve", async () => {
    expect((await run([], { commands: () => Promise.reject(new Error("loaded")) })).code).toBe(0);
  });

  test.each([["--version"], ["-V"]])("%s prints the version alone", async (flag) => {
    expect(await run([flag])).toMatchObject({ code: 0, out: "1.2.3\n" });
  });

  test.each([["--help"], ["-h"], ["help"]])("%s lists the subcommands and exit codes", async (flag) => {
    const { code, out } = await run([flag]);
    expect(code).toBe(0);
    expect(out).toMatch(/greet NAME.*greets somebody/);
    expect(out).toContain("3 a needed part is missing");
  });

  test("SUBCOMMAND --help explains its options", async () => {
    expect((await run(["greet", "--help"])).out).toMatch(
      /^greets somebody\n\nUsage:\n {2}x-mcp greet NAME[^]*--times N +how often[^]*Example:\n {2}x-mcp greet ann --loud\n$/,
    );
  });

  test("runs a subcommand with its options and dependencies", async () => {
    expect(await run(["greet", "ann", "-l"])).toMatchObject({ code: 0, out: "hello ann!\n", served: 0 });
  });

  test.each([
    [["gret"], /no subcommand "gret"\. Did you mean greet\?/],
    [["--hlep"], /no option "--hlep"/],
    [["greet", "--luod"], /no option --luod\. Did you mean --loud\?[^]*Usage: x-mcp greet/],
    [["greet", "--times"], /--times/],
    [["greet", "ann", "bob"], /greet takes NAME, and was given "bob" as well\.[^]*Usage: x-mcp greet NAME/],
    [["greet", ""], /greet was given an empty NAME\./],
    [["x".repeat(5000)], /no subcommand "x{79}…"/],
    [["look", "x"], /look takes no argument, and was given "x"\.[^]*Usage: x-mcp look/],
  ])("%j is wrong use: exit 2, in words, nothing on stdout", async (argv, words) => {
    const { code, out, err } = await run(argv);
    expect(code).toBe(2);
    expect(out).toBe("");
    expect(err).toMatch(words);
  });

  test.each([
    ["nobody", 1, /there is nobody/],
    ["setup", 3, /Run `x setup`/],
    ["long".padEnd(5000, "x"), 1, /there is no longx{296}…\n/],
    ["crash", 1, /unexpected failure[^]*boom \[redacted\]/],
  ])("greet %s ends with %i", async (name, expected, words) => {
    const { code, err } = await run(["greet", name]);
    expect(code).toBe(expected);
    expect(err).toMatch(words);
    expect(err).not.toContain(SECRET);
  });

  test("wrong settings found while serving exit with 2 and list every problem", async () => {
    const serve = () =>
      Promise.reject(
        new OpsError("settings_invalid", "2 settings are wrong.", {
          details: { problems: ["temporal.port: a number", { path: "logging.level", message: "one of debug, info" }] },
        }),
      );
    expect(await run([], { serve })).toMatchObject({
      code: 2,
      err: expect.stringMatching(/temporal\.port: a number[^]*logging\.level: one of/),
    });
  });

  test("with wrong settings only what helps to set them right is run", async () => {
    const wrongSettings = new OpsError("settings_invalid", "One setting is wrong:\n- temporal.port (file x): A number.", {
      details: { problems: [{ setting: "temporal.port", from: "file x", message: "A number." }] },
    });
    const mend = defineCommand({ name: "mend", summary: "m", usage: "mend", withWrongSettings: true, run: async () => 0 });
    const given = { wrongSettings, commands: async () => [greet, mend] };
    const isTTY = { stdout: () => undefined, isTTY: true, color: false, columns: 80 };
    for (const argv of [[], ["greet", "ann"], ["--hlep"]]) {
      let err = "";
      const terminal = { ...isTTY, stderr: (text: string) => void (err += text) };
      expect(await run(argv, { ...given, terminal })).toMatchObject({ code: 2, served: 0 });
      expect(err).toMatch(/^x-mcp: One setting is wrong:\n- temporal\.port \(file x\): A number\.\n[^-]+$/);
    }
    for (const argv of [["mend"], ["--version"], ["--help"], ["greet", "--help"]])
      expect(await run(argv, given), String(argv)).toMatchObject({ code: 0, err: "" });
    expect(await run(["grete"], given)).toMatchObject({ code: 2, err: expect.stringContaining("Did you mean greet?") });
  });

  test("a signal interrupts a subcommand", async () => {
    const signals = new EventEmitter();
    const running = run(["greet", "forever"], { signals });
    await expect.poll(() => signals.listenerCount("SIGINT")).toBe(1);
    signals.emit("SIGINT");
    expect(await running).toMatchObject({ code: 1, err: expect.stringContaining("greet was interrupted") });
    expect(signals.listenerCount("SIGINT")).toBe(0);
  });

  test("Windows is sent to WSL2", async () => {
    expect(await run([], { platform: "win32" })).toMatchObject({ code: 3, err: expect.stringContaining("WSL2"), served: 0 });
  });
});

describe("call TOOL JSON", () => {
  test("prints the protocol's result and exits with 0", async () => {
    const { code, out } = await run(["call", "list_things", '{"kind":"large"}']);
    expect(code).toBe(0);
    expect(JSON.parse(out)).toEqual({
      content: [{ type: "text", text: "2 things (large): a, b" }],
      structuredContent: { names: ["a", "b"], kind: "large", truncated: false },
    });
  });

  test("prints only what a model reads where that is asked for", async () => {
    expect(await run(["call", "list_things", '{"kind":"large"}', "--text"])).toMatchObject({ code: 0, out: "2 things (large): a, b\n" });
  });

  test.each([
    [["call", "list_things", '{"knd":1}'], "invalid_input"],
    [["call", "no_tool"], "not_found"],
  ])("%j fails as JSON with exit 1", async (argv, code) => {
    const made = await run(argv);
    expect(made.code).toBe(1);
    expect(JSON.parse(made.out)).toMatchObject({ isError: true, structuredContent: { error: { code } } });
  });

  test.each([[["call"]], [["call", "list_things", "{hunter2"]], [["call", "list_things", "{}", "more"]]])(
    "%j is wrong use",
    async (argv) => {
      const { code, out, err } = await run(argv);
      expect([code, out]).toEqual([2, ""]);
      expect(err).not.toContain("hunter2");
    },
  );
});
