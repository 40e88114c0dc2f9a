import { describe, expect, test } from "vitest";
import { callTool } from "./call-tool.ts";
import { listTools, toolTable } from "../catalog.ts";
import { fixture } from "../fixture/definition.ts";
import { SECRET } from "../fixture/tools.ts";
import { MAX_RESULT_BYTES } from "./result-cap.ts";
import { prepare } from "../server-definition.ts";
import { CLIENTS, connect } from "../testing.ts";

async function called(name: string, args: unknown) {
  const made = fixture();
  const { result, isError } = await callTool(made.definition, name, args, { client: { name: "zed", version: "1" } });
  return { ...made, text: result.text, data: result.data as any, isError };
}

describe("a call", () => {
  test("is recorded with actor, arguments and outcome", async () => {
    const { audit } = await called("start_thing", { name: "a" });
    expect(audit).toMatchObject([
      { kind: "tool_call", actor: "agent:zed@ann", what: "start_thing", arguments: { name: "a" }, outcome: "done" },
    ]);
  });

  test("names a client so that it cannot pass for another principal", async () => {
    const { definition, audit } = fixture();
    await callTool(definition, "list_things", {}, { client: { name: "x@root key:1\nform:zed", version: "1" } });
    expect(audit[0]!.actor).toBe("agent:x_root key_1_form_zed@ann");
  });

  test("that fails as foreseen says what, why and the next call in both halves", async () => {
    const { text, data, audit } = await called("show_failure", { how: "foreseen" });
    expect(text).toMatch(/^conflict: another run holds the thing\.\n.*run-7.*\nNext: Wait for run-7\./s);
    expect(data.error).toMatchObject({ code: "conflict", hint: "Wait for run-7.", retryable: true, details: { holder: "run-7" } });
    expect(audit[0]).toMatchObject({ outcome: "refused", code: "conflict" });
  });

  test("that fails in a shape of its own keeps its keys and words, and says code, next call and id as every failure", async () => {
    const { text, data, isError, audit } = await called("show_failure", { how: "shaped" });
    expect(isError).toBe(true);
    expect(text).toMatch(
      /^the command failed\nstdout: half\ncommand_failed: exit code 3 of \[redacted\]\nNext: Read its output\.\n\(call /,
    );
    expect(data).toEqual({
      success: false,
      stdout: "half",
      error: expect.objectContaining({ code: "command_failed", hint: "Read its output." }),
    });
    expect(audit[0]).toMatchObject({ outcome: "refused", code: "command_failed", id: data.error.call_id });
  });

  test("that fails unforeseen gives an id, and its message only to log and audit, masked", async () => {
    const { text, data, audit, logs } = await called("show_failure", { how: "unforeseen" });
    const id = data.error.call_id;
    expect(text).toContain(id);
    expect(text + JSON.stringify(data)).not.toContain("10.0.0.7");
    expect(logs.find((line) => line.level === "error")?.fields).toMatchObject({ call: id, error: expect.stringContaining("10.0.0.7") });
    expect(audit[0]).toMatchObject({ id, code: "unexpected", detail: expect.stringContaining("10.0.0.7") });
    expect(JSON.stringify([audit, logs])).not.toContain(SECRET);
  });

  test("leaves nothing secret in text, data or record", async () => {
    const { text, data } = await called("show_failure", { how: "secret" });
    expect(text).toBe("token is [redacted]");
    expect(data).toEqual({ value: "[redacted]", password: "[redacted]" });
    const { audit } = await called("start_thing", { name: SECRET });
    expect(JSON.stringify(audit)).not.toContain(SECRET);
  });

  test("leaves nothing in the text that a terminal would obey, nor a secret that it was to hide", async () => {
    const { text, data } = await called("start_thing", { name: "a\u001b[2Jb\u0007\u202ec" });
    expect(text).toBe("started abc");
    expect(data.name).toBe("a\u001b[2Jb\u0007\u202ec");
    expect((await called("start_thing", { name: SECRET.replace("-", "\u001b[0m-") })).text).toBe("started [redacted]");
  });

  test("cuts both halves at 40 KB and says so in each", async () => {
    const { text, data } = await called("show_failure", { how: "large" });
    expect(Buffer.byteLength(text)).toBeLessThanOrEqual(MAX_RESULT_BYTES);
    expect(Buffer.byteLength(JSON.stringify(data))).toBeLessThanOrEqual(MAX_RESULT_BYTES);
    expect(text).toMatch(/\[truncated: the first \d+ of 140000 bytes/);
    expect(data.truncated).toBe(true);
    expect(data.lines[0]).toBe("line 0");
  });

  test("whose result is no JSON fails as unforeseen, not by throwing", async () => {
    const { data, isError, audit } = await called("show_failure", { how: "unserializable" });
    expect([isError, data.error.code, audit[0]!.code]).toEqual([true, "unexpected", "unexpected"]);
  });

  test("that cannot be recorded says so", async () => {
    const { definition, logs } = fixture({ audit: { append: async () => Promise.reject(new Error("disk full")), read: async () => [] } });
    const { result } = await callTool(definition, "start_thing", { name: "a" });
    expect(result.text).toContain("could not be written to the audit");
    expect(result.data.audit).toBe("not_written");
    expect(logs.find(({ level }) => level === "error")).toMatchObject({ fields: { error: "disk full" } });
  });
});

describe("the tools of a server", () => {
  test("derive their hints from their effect", () => {
    const hints = Object.fromEntries(listTools(fixture().definition).map((tool) => [tool.name, tool.annotations]));
    expect(hints).toEqual({
      list_things: { readOnlyHint: true, openWorldHint: false },
      start_thing: { readOnlyHint: false, destructiveHint: false, openWorldHint: true },
      delete_thing: { readOnlyHint: false, destructiveHint: true, openWorldHint: true },
      show_failure: { readOnlyHint: true },
    });
    expect(listTools(fixture().definition).find((tool) => tool.name === "delete_thing")?._meta).toEqual({
      "anthropic/requiresUserInteraction": true,
    });
  });

  test("make a table for the README", () => {
    expect(toolTable(fixture().definition.tools)).toContain(
      "| `delete_thing` | destroy | danger | Deletes a thing after a person agreed. |",
    );
  });

  test("with one name twice are refused at start", () => {
    const { definition } = fixture();
    expect(() => prepare({ ...definition, tools: [...definition.tools, definition.tools[0]!] })).toThrow("two tools are named list_things");
  });
});

describe.each(CLIENTS)("%s", (make) => {
  test("hears progress that grows, and can cancel the wait", async () => {
    const { definition, audit } = fixture();
    await using client = await connect(definition, { make });
    const abort = new AbortController();
    const heard: { progress: number; message?: string }[] = [];
    const waiting = client.call(
      "show_failure",
      { how: "never" },
      { signal: abort.signal, onprogress: (progress) => (heard.push(progress), abort.abort()) },
    );
    await expect(waiting).rejects.toThrow(/abort/i);
    expect(heard).toMatchObject([{ progress: 1, message: "waiting" }]);
    await expect.poll(() => audit.map((entry) => entry.outcome)).toEqual(["cancelled"]);
  });
});
