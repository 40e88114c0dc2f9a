import { chmod, mkdir, mkdtemp, readFile, readdir, realpath, rm, stat, symlink, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { openArtifacts } from "./artifacts.ts";
import { openAudit } from "./audit.ts";
import { canonicalJson } from "./canonical-json.ts";
import { openDataDirectory } from "./data-directory.ts";
import { defaultCacheDirectory, defaultConfigFile, defaultDataDirectory } from "./places.ts";
import { openKeys } from "./keys.ts";
import { createLogger } from "./logger.ts";
import { Redactor } from "./redaction.ts";
import { seal, unseal } from "./seal.ts";
import { type TemporaryLedger, openTemporaryLedger } from "./testing.ts";

let folder: string;
let ledger: TemporaryLedger;

beforeEach(async () => {
  folder = await realpath(await mkdtemp(join(tmpdir(), "kept-")));
  ledger = await openTemporaryLedger();
});
afterEach(async () => {
  await ledger.dispose();
  await rm(folder, { recursive: true, force: true });
});

const modeOf = async (path: string): Promise<number> => (await stat(path)).mode & 0o777;

describe("the data directory", () => {
  it("is private, keeps its id, and is the same for many who open it at once", async () => {
    const root = join(folder, "new/home");
    const opened = await Promise.all(Array.from({ length: 8 }, async () => openDataDirectory(root)));
    expect(new Set(opened.map(({ id }) => id)).size).toBe(1);
    expect(opened[0]!.id).toMatch(/^[0-9a-f]{12}$/);
    expect(await modeOf(root)).toBe(0o700);
    expect(await modeOf(join(root, "keys"))).toBe(0o700);
    expect((await openDataDirectory(root)).id).toBe(opened[0]!.id);
  });

  it("that others may read is closed; one that others may write is refused", async () => {
    await chmod(ledger.home, 0o755);
    await openDataDirectory(ledger.home);
    expect(await modeOf(ledger.home)).toBe(0o700);
    for (const mode of [0o777, 0o770]) {
      await chmod(ledger.home, mode);
      await expect(openDataDirectory(ledger.home)).rejects.toMatchObject({
        code: "data_directory_unsafe",
        hint: expect.stringContaining("chmod 700"),
      });
    }
  });

  it("in a folder where anybody may rename is refused", async () => {
    await chmod(folder, 0o777);
    await expect(openDataDirectory(join(folder, "home"))).rejects.toMatchObject({ code: "data_directory_unsafe" });
  });

  it("with a link in the place of a room, or of the id, is refused", async () => {
    await rm(ledger.dir.path("audit"), { recursive: true });
    await symlink("/tmp", ledger.dir.path("audit"));
    await expect(openDataDirectory(ledger.home)).rejects.toMatchObject({ code: "data_directory_unsafe" });
    await rm(ledger.dir.path("audit"));
    await rm(ledger.dir.path("id"));
    await symlink("/etc/hostname", ledger.dir.path("id"));
    await expect(openDataDirectory(ledger.home)).rejects.toMatchObject({ code: "data_directory_unsafe" });
  });

  it("with a file where a room belongs is refused by its name", async () => {
    await rm(ledger.dir.path("locks"), { recursive: true });
    await writeFile(ledger.dir.path("locks"), "");
    await expect(openDataDirectory(ledger.home)).rejects.toMatchObject({
      code: "data_directory_unsafe",
      message: expect.stringContaining("locks is not a directory"),
    });
  });

  it("with a damaged id is refused, since task queues bear it", async () => {
    await writeFile(ledger.dir.path("id"), "");
    await expect(openDataDirectory(ledger.home)).rejects.toMatchObject({ code: "data_directory_unsafe" });
  });

  it.each([["relative"], [""]])("cannot be %j", async (root) => {
    await expect(openDataDirectory(root)).rejects.toMatchObject({ code: "data_directory_unsafe" });
  });

  it("gives no path outside of itself", () => {
    expect(ledger.dir.path("runs", "a..b")).toBe(join(ledger.home, "runs/a..b"));
    for (const parts of [[".."], ["runs", "../../x"], ["runs", "..", ".."]]) expect(() => ledger.dir.path(...parts)).toThrow(/outside/);
    expect(ledger.dir.path("/etc/passwd")).toBe(join(ledger.home, "etc/passwd"));
  });

  it("has a default place on each platform", () => {
    expect(defaultDataDirectory("linux", { HOME: "/h" })).toBe("/h/.local/share/platform-ops");
    expect(defaultDataDirectory("linux", { HOME: "/h", XDG_DATA_HOME: "/x" })).toBe("/x/platform-ops");
    expect(defaultDataDirectory("linux", { HOME: "/h", XDG_DATA_HOME: "x" })).toBe("/h/.local/share/platform-ops");
    expect(defaultDataDirectory("darwin", { HOME: "/h" })).toBe("/h/Library/Application Support/platform-ops");
    expect(defaultConfigFile("linux", { HOME: "/h" })).toBe("/h/.config/platform-ops/config.yaml");
    expect(defaultCacheDirectory("linux", { HOME: "/h" })).toBe("/h/.cache/platform-ops");
    expect(() => defaultDataDirectory("linux", {})).toThrow(/HOME/);
  });
});

describe("a folder that takes no folders", () => {
  it("is named, and nothing is tried for ever", async () => {
    await expect(openDataDirectory("/proc/nobody/here")).rejects.toMatchObject({
      code: "storage_failed",
      message: expect.stringContaining("/proc/nobody"),
    });
  });

  it("is none where several make the same ones at once", async () => {
    const folder = await realpath(await mkdtemp(join(tmpdir(), "folders-")));
    const path = join(folder, "a", "b", "c");
    const opened = await Promise.all(Array.from({ length: 20 }, () => openDataDirectory(path)));
    expect(new Set(opened.map(({ id }) => id)).size).toBe(1);
    await rm(folder, { recursive: true });
  });
});

describe("keys", () => {
  it("are made once, also by many at once, readable by nobody else", async () => {
    const dir = await openDataDirectory(join(folder, "home"));
    const rings = await Promise.all(Array.from({ length: 8 }, async () => openKeys(dir)));
    expect(new Set(rings.map(({ id }) => id)).size).toBe(1);
    expect((await readdir(dir.path("keys"))).sort()).toEqual([`${rings[0]!.id}.json`, "made"]);
    expect(await modeOf(dir.path("keys", `${rings[0]!.id}.json`))).toBe(0o600);
  });

  it.each<[string, () => Promise<void>]>([
    ["lost", async () => rm(ledger.dir.path("keys", `${ledger.keys.id}.json`))],
    ["cut off", async () => writeFile(ledger.dir.path("keys", `${ledger.keys.id}.json`), "{")],
    [
      "exchanged",
      async () =>
        writeFile(
          ledger.dir.path("keys", `${ledger.keys.id}.json`),
          JSON.stringify({ encryption: Buffer.alloc(32).toString("base64"), mac: Buffer.alloc(32).toString("base64") }),
        ),
    ],
    ["unnamed", async () => writeFile(ledger.dir.path("keys", "made"), "")],
    [
      "gone with their folder while sealed things are there",
      async () => {
        await ledger.artifacts.put("x");
        await rm(ledger.dir.path("keys"), { recursive: true });
        await mkdir(ledger.dir.path("keys"), { mode: 0o700 });
      },
    ],
  ])("that are %s are never made anew", async (_, spoil) => {
    await spoil();
    await expect(openKeys(ledger.dir)).rejects.toMatchObject({ code: "key_missing" });
  });

  it("are found again after a crash between the key and its mark", async () => {
    await rm(ledger.dir.path("keys", "made"));
    expect((await openKeys(ledger.dir)).id).toBe(ledger.keys.id);
  });
});

describe("sealed data", () => {
  it("opens with the same key and place only, and any altered bit is noticed", async () => {
    const sealed = seal(ledger.keys, Buffer.from("secret"), "run-1");
    expect(unseal(ledger.keys, sealed, "run-1").toString()).toBe("secret");
    expect(sealed.includes("secret")).toBe(false);
    expect(() => unseal(ledger.keys, sealed, "run-2")).toThrow(expect.objectContaining({ code: "artifact_missing" }));
    for (let at = 0; at < sealed.length; at += 1) {
      const altered = Buffer.from(sealed);
      altered[at]! ^= 1;
      expect(() => unseal(ledger.keys, altered, "run-1")).toThrow(
        expect.objectContaining({ code: at >= 1 && at <= 8 ? "key_missing" : "artifact_missing" }),
      );
    }
    expect(() => unseal(ledger.keys, sealed.subarray(0, 20), "run-1")).toThrow(expect.objectContaining({ code: "artifact_missing" }));
  });
});

describe("canonical JSON", () => {
  it("is one text for one value", () => {
    expect(canonicalJson({ b: [1, { z: null, y: undefined }], a: "é\n", "": true })).toBe('{"":true,"a":"é\\n","b":[1,{"z":null}]}');
    expect(canonicalJson(JSON.parse('{"__proto__":1}'))).toBe('{"__proto__":1}');
    const cycle: unknown[] = [];
    cycle.push(cycle);
    for (const value of [Number.NaN, undefined, () => 1, [undefined], cycle, 1n]) expect(() => canonicalJson(value)).toThrow();
  });
});

describe("artifacts", () => {
  const file = (digest: string): string => ledger.dir.path("artifacts", digest.slice(0, 2), digest);

  it("are named by content, encrypted, private", async () => {
    const digest = await ledger.artifacts.put("plan bytes", { kind: "plan" });
    expect(await ledger.artifacts.put(Buffer.from("plan bytes"))).toBe(digest);
    expect((await ledger.artifacts.get(digest)).toString()).toBe("plan bytes");
    expect(await modeOf(file(digest))).toBe(0o600);
    expect((await readFile(file(digest))).includes("plan bytes")).toBe(false);
    expect(await ledger.artifacts.getJson(await ledger.artifacts.putJson({ b: 1, a: [2] }))).toEqual({ a: [2], b: 1 });
    const other = await openTemporaryLedger();
    expect(await other.artifacts.put("plan bytes")).not.toBe(digest);
    await other.dispose();
  });

  it("that were altered, cut off, exchanged or linked are refused, and put again they are whole", async () => {
    const digest = await ledger.artifacts.put("one");
    const whole = await readFile(file(digest));
    const other = await ledger.artifacts.put("two");
    for (const bytes of [Buffer.alloc(0), whole.subarray(0, 5), Buffer.concat([whole, Buffer.from("x")]), await readFile(file(other))]) {
      await writeFile(file(digest), bytes);
      await expect(ledger.artifacts.get(digest)).rejects.toMatchObject({ code: "artifact_missing" });
    }
    await ledger.artifacts.put("one");
    expect((await ledger.artifacts.get(digest)).toString()).toBe("one");
    await rm(file(digest));
    await symlink("/etc/hostname", file(digest));
    await expect(ledger.artifacts.get(digest)).rejects.toMatchObject({ code: "data_directory_unsafe" });
  });

  it.each([["../../id"], ["x"], ["A".repeat(64)], [""]])("have no name like %j", async (name) => {
    await expect(ledger.artifacts.get(name)).rejects.toMatchObject({ code: "artifact_missing" });
  });

  it("expire; the later expiry wins", async () => {
    const digest = await ledger.artifacts.put("x", { expiresAt: new Date(Date.now() - 1000) });
    expect(await ledger.artifacts.has(digest)).toBe(false);
    await expect(ledger.artifacts.get(digest)).rejects.toMatchObject({ code: "artifact_missing" });
    await ledger.artifacts.put("x", { expiresAt: new Date(Date.now() + 60_000) });
    await ledger.artifacts.put("x", { expiresAt: new Date(Date.now() + 1000) });
    expect(await ledger.artifacts.sweep({ keep: new Set([digest]), olderThanMs: 0, now: new Date(Date.now() + 30_000) })).toBe(0);
    expect(await ledger.artifacts.sweep({ keep: new Set([digest]), olderThanMs: 0, now: new Date(Date.now() + 61_000) })).toBe(1);
  });

  it("are swept when old and not kept, with what a crash left unfinished", async () => {
    const [kept, old, fresh] = [await ledger.artifacts.put("kept"), await ledger.artifacts.put("old"), await ledger.artifacts.put("fresh")];
    const unfinished = `${file(old)}.abc.unfinished`;
    await writeFile(unfinished, "half");
    const yesterday = new Date(Date.now() - 86_400_000);
    for (const path of [file(kept), file(old), unfinished]) await utimes(path, yesterday, yesterday);
    expect(await ledger.artifacts.sweep({ keep: new Set([kept]), olderThanMs: 3_600_000 })).toBe(1);
    expect([await ledger.artifacts.has(kept), await ledger.artifacts.has(old), await ledger.artifacts.has(fresh)]).toEqual([
      true,
      false,
      true,
    ]);
    await expect(stat(unfinished)).rejects.toThrow();
  });

  it("put by many at once are whole", async () => {
    const big = "x".repeat(300_000);
    const names = await Promise.all(Array.from({ length: 10 }, async () => openArtifacts(ledger.dir, ledger.keys).put(big)));
    expect(new Set(names).size).toBe(1);
    expect((await ledger.artifacts.get(names[0]!)).toString()).toBe(big);
  });
});

describe("the audit", () => {
  const entry = { kind: "tool_call", actor: "agent:zed@ann", what: "list_runs", outcome: "ok" } as const;

  it("appends one masked line an entry, at most a page long", async () => {
    ledger.redactor.addSecret("hunter22");
    await ledger.audit.append({ ...entry, arguments: { password: "x", note: "it is hunter22", big: "é".repeat(5000) } });
    await ledger.audit.append({
      ...entry,
      what: "w\nx".repeat(3000),
      target: "\u0000".repeat(9000),
      outcome: "\u0001".repeat(9000),
      arguments: { a: "b".repeat(9000) },
    });
    const [name] = await readdir(ledger.dir.path("audit"));
    const text = await readFile(ledger.dir.path("audit", name!), "utf8");
    expect(text).not.toContain("hunter22");
    expect(text.split("\n").map((line) => Buffer.byteLength(line) < 4096)).toEqual([true, true, true]);
    expect(await modeOf(ledger.dir.path("audit", name!))).toBe(0o600);
    expect(await ledger.audit.read()).toMatchObject([{ ...entry, arguments: { cut: true } }, { kind: "tool_call" }]);
  });

  it("loses nothing to many writers, or to a line that a crash cut off", async () => {
    await Promise.all(Array.from({ length: 50 }, async (_, index) => openAudit(ledger.dir).append({ ...entry, id: String(index) })));
    const file = ledger.dir.path("audit", (await readdir(ledger.dir.path("audit")))[0]!);
    await writeFile(file, '{"time":"half', { flag: "a" });
    await ledger.audit.append({ ...entry, id: "after" });
    const ids = (await ledger.audit.read()).map(({ id }) => id);
    expect(ids).toHaveLength(51);
    expect(ids.at(-1)).toBe("after");
  });

  it("does not follow a link, nor read outside", async () => {
    await symlink(join(folder, "elsewhere"), ledger.dir.path("audit", `${new Date().toISOString().slice(0, 10)}.jsonl`));
    await expect(ledger.audit.append(entry)).rejects.toMatchObject({ code: "data_directory_unsafe" });
    await expect(ledger.audit.read({ date: "../id" })).rejects.toMatchObject({ code: "invalid_input" });
  });
});

describe("the logger", () => {
  it("writes masked JSON lines of its level and above, whatever it is given", () => {
    const lines: string[] = [];
    const log = createLogger({ level: "info", redactor: new Redactor(["hunter22"]), write: (line) => void lines.push(line) });
    const cycle: Record<string, unknown> = {};
    cycle["self"] = cycle;
    log.debug("no");
    log.with({ run: "r1" }).info("hunter22\nx", { error: new Error("bad hunter22", { cause: new Error("deep") }) });
    log.warn("w", cycle);
    log.error("e", { big: "x".repeat(50_000), n: 1n });
    expect(lines.every((line) => line.endsWith("\n") && !line.slice(0, -1).includes("\n") && !line.includes("hunter22"))).toBe(true);
    expect(lines.map((line) => JSON.parse(line) as unknown)).toMatchObject([
      { level: "info", run: "r1", message: "[redacted]\nx", error: { name: "Error", cause: { message: "deep" } } },
      { level: "warn" },
      { level: "error" },
    ]);
  });
});
