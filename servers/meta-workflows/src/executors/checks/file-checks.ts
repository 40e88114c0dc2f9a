import { createHash } from "node:crypto";
import { constants, createReadStream } from "node:fs";
import { open, stat } from "node:fs/promises";
import { OpsError, hasCode } from "@platform-ops/errors";
import { z } from "zod";
import { allowedPath } from "../allowed-path.ts";
import type { ExecutorDeps } from "../executor-deps.ts";
import { defineCheck } from "./check.ts";

const MAX_TEXT = 4 * 1024 * 1024;
const MAX_HASHED = 1024 * 1024 * 1024;
const path = z.string().min(1).max(4_096).describe("Inside the allowed folders; a relative one starts at the first of them.");

/** Where it really is; undefined where nothing is there. @throws OpsError path_not_allowed */
async function find(deps: ExecutorDeps, wanted: string): Promise<string | undefined> {
  return allowedPath(deps.settings.working_directories, wanted).catch((error: unknown) => {
    if (hasCode(error, "not_found")) return undefined;
    throw error;
  });
}

export const fileExists = defineCheck({
  name: "file.exists",
  summary: "There is a file (or, by `kind`, a folder) at `path`.",
  input: z.strictObject({ path, kind: z.enum(["file", "folder"]).optional() }),
  facts: { bytes: "its size", modified_at: "when it was last written, ISO 8601" },
  async run({ deps }, { path: wanted, kind = "file" }) {
    const found = await find(deps, wanted);
    const facts = found === undefined ? undefined : await stat(found);
    if (facts === undefined || !(kind === "file" ? facts.isFile() : facts.isDirectory()))
      return { ok: false, message: `There is no ${kind} at ${JSON.stringify(wanted)}.` };
    return { ok: true, message: `${JSON.stringify(wanted)} is there.`, bytes: facts.size, modified_at: facts.mtime.toISOString() };
  },
});

export const lineExists = defineCheck({
  name: "file.line_exists",
  summary: "The file has line `line`, or a line that holds `text` literally, or both at once.",
  input: z
    .strictObject({ path, line: z.int().min(1).max(10_000_000).optional(), text: z.string().min(1).max(2_000).optional() })
    .refine(({ line, text }) => line !== undefined || text !== undefined, "needs line or text"),
  facts: { lines: "how many lines the file has", at: "number of the first line that fits" },
  async run({ deps }, { path: wanted, line, text }) {
    const found = await find(deps, wanted);
    const content = found === undefined ? undefined : await readText(found, wanted);
    if (content === undefined) return { ok: false, message: `There is no file at ${JSON.stringify(wanted)}.` };
    const lines = content.split("\n");
    if (lines.at(-1) === "") lines.pop();
    const at = line ?? lines.findIndex((each) => each.includes(text ?? "")) + 1;
    const there = lines[at - 1];
    const ok = at > 0 && there !== undefined && (text === undefined || there.includes(text));
    const what = [...(line === undefined ? [] : [`line ${line}`]), ...(text === undefined ? [] : ["the text"])].join(" with ");
    return { ok, message: `${JSON.stringify(wanted)} has ${ok ? "" : "not "}${what}.`, lines: lines.length, ...(ok ? { at } : {}) };
  },
});

export const fileDigest = defineCheck({
  name: "file.sha256",
  summary: "The file's SHA-256 is `sha256`.",
  input: z.strictObject({ path, sha256: z.string().regex(/^[0-9a-f]{64}$/i, "must be 64 hexadecimal digits") }),
  facts: { sha256: "what it is", bytes: "the file's size" },
  async run({ deps }, { path: wanted, sha256 }, { call, timeoutMs }) {
    const found = await find(deps, wanted);
    const facts = found === undefined ? undefined : await stat(found);
    if (found === undefined || facts === undefined || !facts.isFile())
      return { ok: false, message: `There is no file at ${JSON.stringify(wanted)}.` };
    if (facts.size > MAX_HASHED) throw new OpsError("too_large", `${JSON.stringify(wanted)} has more than 1 GB.`);
    const hash = createHash("sha256");
    const signal = AbortSignal.any([call.signal, AbortSignal.timeout(timeoutMs)]);
    for await (const chunk of createReadStream(found, { signal })) hash.update(chunk as Buffer);
    const digest = hash.digest("hex");
    const ok = digest === sha256.toLowerCase();
    return { ok, message: `The digest of ${JSON.stringify(wanted)} is ${ok ? "that" : "another"}.`, sha256: digest, bytes: facts.size };
  },
});

/** A text file; undefined for what is no file. @throws OpsError too_large */
async function readText(found: string, shown: string): Promise<string | undefined> {
  // Without O_NONBLOCK the opening of a pipe waits for ever.
  const file = await open(found, constants.O_RDONLY | constants.O_NONBLOCK);
  try {
    const { size, isFile } = await file.stat().then((facts) => ({ size: facts.size, isFile: facts.isFile() }));
    if (!isFile) return undefined;
    if (size > MAX_TEXT) throw new OpsError("too_large", `${JSON.stringify(shown)} has more than 4 MB.`);
    return await file.readFile("utf8");
  } finally {
    await file.close();
  }
}
