import { execFileSync } from "node:child_process";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { authoringCommands } from "../authoring-commands.ts";
import { GREETING, HAPPY, openDesk, SHIPPED, type AuthorsDesk } from "./authors-desk.test-support.ts";

const command = (name: string) => authoringCommands.find((each) => each.name === name)!;

let desk: AuthorsDesk;
beforeEach(async () => {
  desk = await openDesk();
});
afterEach(() => desk.remove());

const writeGreeting = async (text = GREETING, scenario = HAPPY): Promise<void> => {
  await desk.write("meta-workflows/greeting/workflow.yaml", text);
  await desk.write("meta-workflows/greeting/tests/happy.test.yaml", scenario);
};

describe("lint", () => {
  it("is silent about what is right", async () => {
    await writeGreeting();
    expect(await desk.run(command("lint"), [])).toEqual({ code: 0, out: "1 definition, 0 registries: 0 errors, 0 warnings\n", err: "" });
  });

  it("tells file, line, column, code and what to write instead", async () => {
    await writeGreeting(GREETING.replace("steps.greet.output.words", "steps.greet.output.word"));
    const { code, out } = await desk.run(command("lint"), []);
    expect(code).toBe(1);
    expect(out).toMatch(/^meta-workflows\/greeting\/workflow\.yaml:15:26: error WF101: .*\n {4}→ .*words/);
    const json = await desk.run(command("lint"), [], { json: true });
    expect(JSON.parse(json.out)).toMatchObject({ definitions: 1, errors: 1, problems: [{ code: "WF101", line: 15 }] });
  });

  it("reads scenarios, too", async () => {
    await writeGreeting(GREETING, HAPPY.replace("expect:", "expects:"));
    const { code, out } = await desk.run(command("lint"), ["meta-workflows/greeting"]);
    expect(code).toBe(1);
    expect(out).toContain("meta-workflows/greeting/tests/happy.test.yaml:");
  });

  it("finds words that two answer to: in the set, in its registry and among what the server has", async () => {
    const words = (phrase: string): string => GREETING.replace("greet somebody", phrase);
    await desk.write("a.yaml", words("say good morning politely"));
    await desk.write("b.yaml", words("politely say good morning").replace("id: greeting", "id: other"));
    const both = await desk.run(command("lint"), ["."]);
    expect(both).toMatchObject({ code: 0 });
    expect(both.out).toContain("warning WF150");
    const known = await openDesk({ shipped: SHIPPED });
    try {
      await known.write("mine.yaml", words("We have an incident"));
      expect((await known.run(command("lint"), ["mine.yaml"])).out).toMatch(/^mine\.yaml:\d+:\d+: warning WF150: .*incident-response/);
    } finally {
      await known.remove();
    }
  });

  it("finds nothing wrong in what is shipped", async () => {
    expect((await desk.run(command("lint"), [SHIPPED])).out).toMatch(/^7 definitions, 1 registry: 0 errors, \d+ warnings\n$/);
  });

  it("asks for a higher version of what changed since a revision", async () => {
    await writeGreeting();
    const git = (...args: string[]) =>
      execFileSync("git", ["-c", "user.name=a", "-c", "user.email=a@b", ...args], { cwd: desk.folder, stdio: "pipe" });
    git("init", "-q", "-b", "main");
    git("add", ".");
    git("commit", "-qm", "one");
    expect((await desk.run(command("lint"), [], { since: "main" })).code).toBe(0);
    await writeGreeting(GREETING.replace("Greet $", "Welcome $"));
    const changed = await desk.run(command("lint"), [], { since: "main" });
    expect(changed.code).toBe(1);
    expect(changed.out).toContain("error WF180");
    await writeGreeting(GREETING.replace("Greet $", "Welcome $").replace("1.0.0", "1.0.1"));
    expect((await desk.run(command("lint"), [], { since: "HEAD~0" })).code).toBe(0);
    for (const since of ["--upload-pack=x", "nowhere", "main:..", ""])
      await expect(desk.run(command("lint"), [], { since })).rejects.toMatchObject({ code: "invalid_input" });
  });

  it("writes SARIF that names rule, level and place", async () => {
    await writeGreeting(GREETING.replace("type: prompt", "type: promt"));
    const log = JSON.parse((await desk.run(command("lint"), [], { sarif: true })).out);
    const [run] = log.runs;
    const [result] = run.results;
    expect(log.version).toBe("2.1.0");
    expect(result).toMatchObject({ ruleId: "UNKNOWN_STEP_TYPE", level: "error" });
    expect(run.tool.driver.rules[result.ruleIndex].id).toBe(result.ruleId);
    expect(result.locations[0].physicalLocation).toMatchObject({
      artifactLocation: { uri: "meta-workflows/greeting/workflow.yaml" },
      region: { startLine: 10 },
    });
  });

  it.each([[["nowhere"]], [["/dev/null"]], [["--json"]], [[""]], [["a\0b"]], [[]]])(
    "refuses %j with a word of what to name",
    async (paths) => {
      await expect(desk.run(command("lint"), paths)).rejects.toMatchObject({ code: "invalid_input" });
    },
  );

  it("lets no text of a file move the cursor", async () => {
    await writeGreeting(GREETING.replace("type: prompt", '"type": "pro\\e[2Jmpt"'));
    expect((await desk.run(command("lint"), [])).out).not.toContain("\u001b");
  });
});

describe("test", () => {
  it("runs scenarios whole and carried on, and counts the steps that they touch", async () => {
    await writeGreeting();
    const { code, out } = await desk.run(command("test"), []);
    expect(out).toBe(
      "greeting (meta-workflows/greeting/workflow.yaml)\n  ok    somebody is greeted [meta-workflows/greeting/tests/happy.test.yaml]\n  2 of 2 steps touched\n1 scenario of 1 definition: 1 passed, 0 failed\n",
    );
    expect(code).toBe(0);
  });

  it("shows what was expected and what came", async () => {
    await writeGreeting(
      GREETING,
      HAPPY.replace("output: { words: Hello Ann }", "output: { words: Good day }").replace("[greet, done]", "[done, greet]"),
    );
    const { code, out } = await desk.run(command("test"), ["meta-workflows/greeting/tests/happy.test.yaml"]);
    expect(code).toBe(1);
    expect(out).toMatch(/^ {2}FAIL {2}somebody is greeted/m);
    expect(out).toMatch(/^ {10}- {3}words: Good day\n {10}\+ {3}words: Hello Ann$/m);
    expect(out).toMatch(/^ {8}order: step greet was expected after done/m);
  });

  it("names the steps that no scenario touches", async () => {
    await writeGreeting(
      GREETING,
      HAPPY.replace("submit: { words: Hello Ann }", "vanish: true").replace(/expect: .*/, "expect: { end: blocked }"),
    );
    const { out } = await desk.run(command("test"), []);
    expect(out).toContain("1 of 2 steps touched; never: done");
  });

  it("fails where there is no scenario, where it is another's, and where the definition is not valid", async () => {
    await desk.write("meta-workflows/greeting/workflow.yaml", GREETING);
    expect(await desk.run(command("test"), [])).toMatchObject({ code: 1, out: expect.stringContaining("no scenario") });
    await writeGreeting(GREETING, HAPPY.replace("workflow: greeting", "workflow: other"));
    expect(await desk.run(command("test"), [])).toMatchObject({ code: 1, out: expect.stringContaining('the scenario is of "other"') });
    await writeGreeting(GREETING.replace("version: 1.0.0", "version: 1"));
    const { code, out } = await desk.run(command("test"), [], { json: true });
    expect(code).toBe(1);
    expect(JSON.parse(out)).toMatchObject({
      passed: false,
      workflows: [{ problems: [expect.stringContaining("INVALID_VERSION_FORMAT")] }],
    });
  });
});

describe("plan", () => {
  it("takes an id of the author's own folder, a path, and an id that the server knows", async () => {
    await writeGreeting();
    const inputs = '{"who":"Ann"}';
    expect(await desk.run(command("plan"), ["greeting"], { inputs })).toMatchObject({ code: 0, out: expect.stringContaining("+ greet:") });
    await desk.write("inputs.json", inputs);
    expect((await desk.run(command("plan"), ["./meta-workflows/greeting"], { inputs: "@inputs.json" })).code).toBe(0);
    const json = await desk.run(command("plan"), ["greeting"], { json: true });
    expect(json.code).toBe(1);
    expect(JSON.parse(json.out)).toMatchObject({ workflow: "greeting", problems: [{ input: "who" }] });
  });

  it.each([
    ["greeting", "[]"],
    ["greeting", "{"],
    ["greeting", "@nowhere.json"],
    ["nothing/here", "{}"],
    ["", "{}"],
  ])("refuses %j with inputs %j", async (id, inputs) => {
    await writeGreeting();
    await expect(desk.run(command("plan"), [id], { inputs })).rejects.toMatchObject({ code: "invalid_input" });
  });

  it("names what is near an id that it does not know", async () => {
    const known = await openDesk({ shipped: SHIPPED });
    try {
      await expect(known.run(command("plan"), ["incident-responce"])).rejects.toThrow(/Did you mean incident-response/);
    } finally {
      await known.remove();
    }
  });
});
