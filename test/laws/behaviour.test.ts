import { randomBytes } from "node:crypto";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { OpsError } from "@platform-ops/errors";
import { createLogger, Redactor, type AuditEntry } from "@platform-ops/ledger";
import { callTool, defineTool, type ServerDefinition, type Tool } from "@platform-ops/mcp-kit";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import { REPOSITORY } from "../support/mcp-client.ts";

// The laws that are about what happens, not about how code is written: each shown on a tool that would break it, or by
// the tests with real parts that guard it, which must be there under the name that stands here.

const SECRET = "hunter2-hunter2-hunter2";

function serverWith(tool: Tool): { definition: ServerDefinition; records: AuditEntry[]; log: string[] } {
  const redactor = new Redactor();
  redactor.addSecret(SECRET);
  const records: AuditEntry[] = [];
  const log: string[] = [];
  const audit = { append: async (entry: AuditEntry) => void records.push(redactor.value(entry)), read: async () => [] };
  const logger = createLogger({ level: "debug", redactor, write: (line) => void log.push(line) });
  const definition = {
    name: "laws",
    version: "1.0.0",
    instructions: "",
    tools: [tool],
    deps: undefined,
    redactor,
    audit,
    logger,
    user: "tester",
    stateKey: randomBytes(32),
  };
  return { definition, records, log };
}

const tool = (run: Tool["run"]): Tool =>
  defineTool({
    name: "get_it",
    title: "Get it",
    description: "Gets it.",
    effect: "read",
    toolset: "test",
    input: z.strictObject({ note: z.string().max(100).optional() }),
    run,
  });

describe("Law 6: text and structured content each suffice, and a result has a bound", () => {
  it("a result that would not end is cut, and says so in both halves", async () => {
    const { definition } = serverWith(
      tool(async () => ({ text: "x".repeat(1_000_000), data: { lines: Array.from({ length: 50_000 }, (_, i) => `line ${i}`) } })),
    );
    const { result } = await callTool(definition, "get_it", {});
    expect(Buffer.byteLength(result.text)).toBeLessThan(64 * 1024);
    expect(Buffer.byteLength(JSON.stringify(result.data))).toBeLessThan(64 * 1024);
    expect(result.data["truncated"]).toBe(true);
  });
});

describe("Law 7: failures are results, and only our own words reach the model", () => {
  it("a foreseen failure tells what happened and the next call, in both halves", async () => {
    const { definition } = serverWith(
      tool(() => Promise.reject(new OpsError("not_found", "No such thing.", { hint: "list_things lists them." }))),
    );
    const { result, isError } = await callTool(definition, "get_it", {});
    expect(isError).toBe(true);
    expect(result.text).toMatch(/not_found: No such thing\.[\s\S]*list_things/);
    expect(result.data).toMatchObject({ error: { code: "not_found", message: "No such thing.", hint: "list_things lists them." } });
  });

  it("an unforeseen one becomes an id; its message stays in log and audit", async () => {
    const { definition, log } = serverWith(tool(() => Promise.reject(new Error("ENOENT /srv/internal/path"))));
    const { result, isError } = await callTool(definition, "get_it", {});
    expect(isError).toBe(true);
    expect(JSON.stringify(result)).not.toContain("internal");
    expect(log.join("")).toContain("internal");
    const id = (result.data["error"] as { call_id: string }).call_id;
    expect(result.text).toContain(id);
    expect(log.join("")).toContain(id);
  });
});

describe("Law 8: secrets are masked at one exit", () => {
  it("in text, in structured content, in the audit and in the log", async () => {
    const { definition, records, log } = serverWith(
      tool(async () => ({ text: `token ${SECRET}`, data: { value: SECRET, password: "short-one" } })),
    );
    const { result } = await callTool(definition, "get_it", { note: SECRET });
    for (const left of [JSON.stringify(result), JSON.stringify(records), log.join("")]) expect(left).not.toContain(SECRET);
    expect(JSON.stringify(result)).not.toContain("short-one");
  });
});

/** Where a law is guarded with real parts: file and the name of a test in it. */
const GUARDED: Readonly<Record<string, readonly (readonly [file: string, test: string])[]>> = {
  "Law 9: foreign text shown to a model is labelled as data": [
    ["packages/mcp-kit/src/text/quote-data.test.ts", ""],
    ["servers/terraform/src/tools/get_plan.ts", "data, not instructions"],
    ["servers/terraform/src/tools/get_outputs.ts", "data, not instructions"],
  ],
  "Law 11: history holds ids, digests, counts and addresses": [
    ["servers/terraform/src/worker/workflow.test.ts", "200 workspaces stay far under the limits of a history and a memo"],
    ["servers/terraform/src/worker/real-run.test.ts", ""],
  ],
  "Law 12: a mutating step is never retried blindly": [
    ["test/e2e/kill-matrix.test.ts", "killed in apply: stops, says what to look at, and applies nothing twice"],
    ["packages/orchestration/src/detached/run-detached.test.ts", "starts nothing twice"],
    ["servers/terraform/src/terraform/apply.test.ts", "the same journal never applies twice"],
  ],
};

describe.each(Object.entries(GUARDED))("%s", (_law, guards) => {
  it.each(guards)("is guarded by %s: %s", (file, name) => {
    const path = join(REPOSITORY, file);
    expect(existsSync(path), file).toBe(true);
    expect(readFileSync(path, "utf8")).toContain(name);
  });
});

describe("Law 11: history holds ids, digests, counts and addresses", () => {
  it("a stored history holds nothing in clear but names of Temporal's own", () => {
    const folder = join(REPOSITORY, "servers/terraform/src/worker/testdata/histories");
    const histories = readHistories(folder);
    expect(histories.length).toBeGreaterThan(0);
    for (const { name, payloads } of histories) {
      const clear = payloads
        .filter((payload) => payload.metadata?.["encoding"] !== SEALED)
        .map((payload) => Buffer.from(payload.data ?? "", "base64").toString());
      // Temporal's own note on a local activity: its name, its number and its times.
      expect(
        clear.filter((text) => !/^\{"seq":\d+,"attempt":\d+,"activity_id":"\d+","activity_type":"\w+","complete_time"/.test(text)),
        name,
      ).toEqual([]);
      expect(payloads.length).toBeGreaterThan(clear.length);
    }
  });
});

const SEALED = Buffer.from("binary/platform-ops-sealed").toString("base64");

interface StoredPayload {
  readonly metadata?: Record<string, string>;
  readonly data?: string;
}

/** Every payload of every stored history. Search attributes are not sealed: Temporal must index them. */
function readHistories(folder: string): { name: string; payloads: StoredPayload[] }[] {
  return readdirSync(folder, { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".json"))
    .map((name) => ({ name, payloads: payloadsIn(JSON.parse(readFileSync(join(folder, name), "utf8"))) }));
}

function payloadsIn(value: unknown, key = ""): StoredPayload[] {
  if (Array.isArray(value)) return value.flatMap((each) => payloadsIn(each, key));
  if (typeof value !== "object" || value === null || key === "searchAttributes" || key === "header") return [];
  if (
    "metadata" in value &&
    typeof (value as StoredPayload).metadata === "object" &&
    "encoding" in ((value as StoredPayload).metadata ?? {})
  )
    return [value as StoredPayload];
  return Object.entries(value).flatMap(([name, each]) => payloadsIn(each, name));
}
