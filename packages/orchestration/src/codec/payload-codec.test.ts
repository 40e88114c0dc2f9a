import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openDataDirectory, openKeys, type Keyring } from "@platform-ops/ledger";
import { defaultPayloadConverter, type Payload, type SerializationContext } from "@temporalio/common";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { foreignPayload, isForeign } from "./foreign.ts";
import { OWNER_METADATA, payloadCodec } from "./payload-codec.ts";

const run = (workflowId: string): SerializationContext => ({ type: "workflow", namespace: "default", workflowId });
const activity = (workflowId: string): SerializationContext => ({
  type: "activity",
  namespace: "default",
  workflowId,
  activityId: "1",
  isLocal: false,
});

const homes: string[] = [];
async function newKeys(): Promise<Keyring> {
  const home = await mkdtemp(join(tmpdir(), "codec-"));
  homes.push(home);
  return openKeys(await openDataDirectory(home));
}
let keys: Keyring;
beforeAll(async () => {
  keys = await newKeys();
});
afterAll(async () => {
  await Promise.all(homes.map((home) => rm(home, { recursive: true })));
});

async function sealed(value: unknown, context?: SerializationContext): Promise<Payload> {
  const [payload] = await payloadCodec(keys).encode([defaultPayloadConverter.toPayload(value)], context);
  return payload as Payload;
}
async function opened(payload: Payload, context?: SerializationContext, by = keys): Promise<unknown> {
  const [plain] = await payloadCodec(by).decode([payload], context);
  return defaultPayloadConverter.fromPayload(plain as Payload);
}

describe("payload codec", () => {
  it("gives back what it sealed, for the run and for its activities", async () => {
    const values = [{ a: [1, "ü", null] }, undefined, null, new Uint8Array([0, 255]), "x".repeat(100_000)];
    for (const value of values) expect(await opened(await sealed(value, run("r1")), activity("r1"))).toEqual(value);
  });

  it("takes what the sandbox makes of nothing: bytes that are an empty list", async () => {
    const nothing = { ...defaultPayloadConverter.toPayload(undefined), data: [] as unknown as Uint8Array };
    const [payload] = await payloadCodec(keys).encode([nothing], run("r1"));
    expect(await opened(payload as Payload, run("r1"))).toBeUndefined();
  });

  it("leaves nothing readable in the payload but the run's id", async () => {
    const payload = await sealed({ password: "hunter2-hunter2" }, run("r1"));
    const all = Buffer.concat([...Object.values(payload.metadata ?? {}), payload.data ?? new Uint8Array()]).toString("latin1");
    expect(all).not.toContain("hunter2");
    expect(all).not.toContain("password");
    expect(Buffer.from(payload.metadata?.[OWNER_METADATA] ?? []).toString()).toBe("r1");
  });

  it("marks a payload moved to another run, also when its word about the run is altered", async () => {
    const payload = await sealed("yes", run("r1"));
    expect(await opened(payload, run("r2"))).toEqual(foreignPayload("other_run"));
    const relabelled = { ...payload, metadata: { ...payload.metadata, [OWNER_METADATA]: new TextEncoder().encode("r2") } };
    expect(await opened(relabelled, run("r2"))).toEqual(foreignPayload("altered"));
  });

  it("opens what a schedule sealed in the runs that the schedule began, and in no other", async () => {
    const payload = await sealed("go", run("scheduled@nightly"));
    expect(await opened(payload, run("scheduled@nightly-2026-11-21T16:00:00Z"))).toBe("go");
    for (const other of ["scheduled@nightly-x-2026-11-21T16:00:00Z", "scheduled@night-2026-11-21T16:00:00Z", "scheduled@nightly-2026"])
      expect(await opened(payload, run(other)), other).toEqual(foreignPayload("other_run"));
    expect(await opened(await sealed("go", run("mw-1")), run("mw-1-2026-11-21T16:00:00Z"))).toEqual(foreignPayload("other_run"));
  });

  it("marks plaintext, altered bytes, cut bytes, and another data directory's seal; never throws", async () => {
    expect(await opened(defaultPayloadConverter.toPayload({ decision: "approved" }), run("r1"))).toEqual(foreignPayload("plaintext"));
    expect(await opened({}, run("r1"))).toEqual(foreignPayload("plaintext"));
    const payload = await sealed("yes", run("r1"));
    const altered = Uint8Array.from(payload.data as Uint8Array);
    altered[altered.length - 1] = (altered[altered.length - 1] as number) ^ 1;
    expect(await opened({ ...payload, data: altered }, run("r1"))).toEqual(foreignPayload("altered"));
    for (const length of [0, 1, 20])
      expect(isForeign(await opened({ ...payload, data: altered.subarray(0, length) }, run("r1")))).toBe(true);
    expect(isForeign(await opened(payload, run("r1"), await newKeys()))).toBe(true);
  });

  it("opens for a viewer that has no context, but lets nothing sealed without one into a run", async () => {
    expect(await opened(await sealed("seen", run("r1")))).toBe("seen");
    const loose = await sealed("loose");
    expect(await opened(loose)).toBe("loose");
    expect(await opened(loose, run("r1"))).toEqual(foreignPayload("other_run"));
  });

  it("gives the same marker each time, as replay needs", async () => {
    const payload = defaultPayloadConverter.toPayload("plain");
    expect(await opened(payload, run("r1"))).toEqual(await opened(payload, run("r1")));
  });
});
