import { deflateRawSync } from "node:zlib";

import { describe, expect, test } from "vitest";

import { parseStateHeader, readZipMembers } from "./plan-file.ts";

/** A zip with one deflated member, as small as it gets. */
function zipOf(name: string, content: string, changes: { size?: number; method?: number; entries?: number } = {}): Buffer {
  const packed = deflateRawSync(Buffer.from(content));
  const local = Buffer.alloc(30 + name.length);
  local.writeUInt32LE(0x04034b50, 0);
  local.writeUInt16LE(name.length, 26);
  local.write(name, 30);
  const central = Buffer.alloc(46 + name.length);
  central.writeUInt32LE(0x02014b50, 0);
  central.writeUInt16LE(changes.method ?? 8, 10);
  central.writeUInt32LE(packed.length, 20);
  central.writeUInt32LE(changes.size ?? Buffer.byteLength(content), 24);
  central.writeUInt16LE(name.length, 28);
  central.write(name, 46);
  const end = Buffer.alloc(22);
  end.writeUInt32LE(0x06054b50, 0);
  end.writeUInt16LE(changes.entries ?? 1, 10);
  end.writeUInt32LE(central.length, 12);
  end.writeUInt32LE(local.length + packed.length, 16);
  return Buffer.concat([local, packed, central, end]);
}

const all = (): boolean => true;

describe("readZipMembers", () => {
  test("reads a member, and only those wanted", () => {
    const zip = zipOf("tfstate", '{"serial":7}');
    expect(readZipMembers(zip, all).get("tfstate")?.toString()).toBe('{"serial":7}');
    expect(readZipMembers(zip, (name) => name === "other").size).toBe(0);
  });

  const whole = zipOf("tfstate", "x".repeat(2000));
  test.each<[string, Buffer, string]>([
    ["nothing", Buffer.alloc(0), "artifact_missing"],
    ["text", Buffer.from("hello, this is not a zip but long enough"), "artifact_missing"],
    ["an encrypted plan", Buffer.from('{"meta":{},"encrypted_data":"…","encryption_version":"v0"}'), "artifact_missing"],
    ["its second half only", whole.subarray(20), "artifact_missing"],
    ["more entries than there are", zipOf("a", "b", { entries: 9 }), "artifact_missing"],
    ["an unknown method", zipOf("a", "b", { method: 93 }), "artifact_missing"],
    ["a member that unpacks to more than it says", zipOf("a", "b".repeat(100_000), { size: 10 }), "artifact_missing"],
    ["a member that says it is huge", zipOf("a", "b", { size: 0xfffffff0 }), "too_large"],
  ])("refuses %s", (_what, zip, code) => {
    expect(() => readZipMembers(zip, all)).toThrow(expect.objectContaining({ code }));
  });
});

test.each(["", "null", "[]", "{", '{"serial":"1"}'])("a state of %j is damaged", (text) => {
  expect(() => parseStateHeader(text)).toThrow(expect.objectContaining({ code: "state_damaged" }));
});
test("a state without lineage is one that did not exist", () => {
  expect(parseStateHeader('{"version":4,"serial":0,"lineage":""}')).toEqual({ serial: 0, lineage: null });
});
