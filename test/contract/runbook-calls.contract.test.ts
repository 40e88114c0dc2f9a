import { existsSync, readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { parseDefinition } from "@platform-ops/meta-workflow-registry/definition";
import { describe, expect, test } from "vitest";
import { CHECKS } from "../../servers/meta-workflows/src/executors/checks/checks.ts";
import { BUILT_IN_TOOLS } from "../../servers/meta-workflows/src/executors/tools/built-in-tools.ts";
import { REPOSITORY } from "../support/mcp-client.ts";

// What shipped runbooks call by name is there, and takes the arguments that they give.

interface Named {
  readonly what: string;
  readonly given: readonly string[];
  readonly takes: readonly string[] | undefined;
}

const SERVERS = readdirSync(join(REPOSITORY, "servers")).filter((server) =>
  existsSync(join(REPOSITORY, "servers", server, "tools.snapshot.json")),
);
const listed = new Map(
  SERVERS.map((server) => {
    const tools = JSON.parse(readFileSync(join(REPOSITORY, "servers", server, "tools.snapshot.json"), "utf8")) as {
      name: string;
      inputSchema: { properties?: object };
    }[];
    return [server, new Map(tools.map((tool) => [tool.name, Object.keys(tool.inputSchema.properties ?? {})]))];
  }),
);

/** Every tool and check that a value names, wherever it stands in it. */
function namedIn(value: unknown): Named[] {
  if (typeof value !== "object" || value === null) return [];
  const inner = Object.values(value).flatMap(namedIn);
  const {
    server,
    tool,
    args,
    check,
    with: given,
  } = value as { server?: unknown; tool?: unknown; args?: object; check?: unknown; with?: object };
  if (typeof server === "string" && typeof tool === "string") {
    const own = BUILT_IN_TOOLS.get(`${server}/${tool}`);
    const takes = own === undefined ? listed.get(server)?.get(tool) : Object.keys(own.input.shape);
    return [{ what: `${server}/${tool}`, given: Object.keys(args ?? {}), takes }, ...inner];
  }
  if (typeof check === "string" && typeof given === "object") {
    const found = CHECKS.get(check);
    return [{ what: check, given: Object.keys(given), takes: found === undefined ? undefined : Object.keys(found.input.shape) }, ...inner];
  }
  return inner;
}

const folders = readdirSync(join(REPOSITORY, "meta-workflows"), { withFileTypes: true })
  .filter((entry) => entry.isDirectory() && entry.name !== "schema")
  .map(({ name }) => name);

describe.each(folders)("%s", (folder) => {
  test("calls what there is", () => {
    const path = join(REPOSITORY, "meta-workflows", folder, "workflow.yaml");
    const { definition } = parseDefinition(readFileSync(path, "utf8"));
    expect(definition).toBeDefined();
    const wrong = namedIn(definition).flatMap(({ what, given, takes }) =>
      takes === undefined
        ? [`there is no ${what}`]
        : given.filter((name) => !takes.includes(name)).map((name) => `${what} takes no ${name}`),
    );
    expect(wrong).toEqual([]);
  });
});

test("the look finds what is wrong", () => {
  const found = namedIn([{ server: "terraform", tool: "no_such", args: {} }, { deep: { check: "git.clean", with: { repo: "x" } } }]);
  expect(found.map(({ takes, given }) => [takes === undefined, given])).toEqual([
    [true, []],
    [false, ["repo"]],
  ]);
});
