import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { OpsError } from "@platform-ops/errors";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { fixture } from "../fixture/definition.ts";
import { httpFixture, type HttpFixture } from "../fixture/http.ts";
import { begin, callOf, metric, post } from "../fixture/http-requests.ts";

describe("when the operator's files change", () => {
  let folder: string;
  let file: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "platform-ops-renewal-"));
    file = join(folder, "config.yaml");
    writeFileSync(file, "one");
  });
  afterEach(() => rmSync(folder, { recursive: true }));
  const listed = async (http: HttpFixture, token: string): Promise<string> =>
    await (await post(http, token, { jsonrpc: "2.0", id: 1, method: "tools/list" }, await begin(http, token))).text();

  test("they count at the same address, without a restart; what was begun goes on, its session does not", async () => {
    let closed = 0;
    const narrower = fixture({ readOnly: true });
    await using http = await httpFixture({
      renewal: { files: [file], renew: () => ({ definition: narrower.definition, close: async () => void (closed += 1) }) },
    });
    const token = await http.token();
    const session = await begin(http, token);
    const waiting = post(http, token, callOf(1, "show_failure", { how: "gated" }), session);
    await expect.poll(() => metric(http, "http_active_requests")).toBe(1);
    expect(await listed(http, token)).toContain("start_thing");
    writeFileSync(file, "two and more");
    await expect.poll(() => listed(http, token), { timeout: 10_000 }).not.toContain("start_thing");
    expect((await post(http, token, callOf(2, "list_things", {}), session)).status).toBe(404);
    http.deps.done.push("gate open");
    expect(await (await waiting).text()).toContain("went through");
    expect(closed).toBe(0);
    await http.end();
    expect(closed).toBe(1);
  });

  test("files that are wrong now end it, rather than what they said before going on", async () => {
    const http = await httpFixture({
      renewal: {
        files: [file],
        renew: () => {
          throw new OpsError("settings_invalid", "wrong");
        },
      },
    });
    rmSync(file);
    await expect(http.ended).rejects.toMatchObject({ code: "settings_invalid" });
    await expect(fetch(http.url)).rejects.toThrow();
  });

  test("a file that is half written is looked at again", async () => {
    let tries = 0;
    await using http = await httpFixture({
      renewal: {
        files: [file],
        renew() {
          if ((tries += 1) < 3) throw new OpsError("settings_invalid", "half");
          return { definition: fixture({ readOnly: true }).definition };
        },
      },
    });
    const token = await http.token();
    writeFileSync(file, "two and more");
    await expect.poll(() => listed(http, token), { timeout: 10_000 }).not.toContain("start_thing");
  });

  test("nor can they open a way that needs more than they give", async () => {
    const http = await httpFixture({ renewal: { files: [file], renew: (settings) => ({ settings: { ...settings, host: "0.0.0.0" } }) } });
    writeFileSync(file, "two and more");
    await expect(http.ended).rejects.toMatchObject({ code: "settings_invalid" });
  });
});
