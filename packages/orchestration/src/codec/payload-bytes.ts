import type { Payload } from "@temporalio/common";

/** What is sealed: 4 bytes length of the header (big endian), header as JSON {metadata: {key: base64}}, data. */
export function packPayload(payload: Payload): Uint8Array {
  const metadata = Object.fromEntries(
    Object.entries(payload.metadata ?? {}).map(([key, value]) => [key, Buffer.from(value).toString("base64")]),
  );
  const header = Buffer.from(JSON.stringify({ metadata }), "utf8");
  const length = Buffer.alloc(4);
  length.writeUInt32BE(header.length);
  // What a workflow gives that gives nothing has an empty list for its bytes: the sandbox has no Buffer.
  const data = ArrayBuffer.isView(payload.data) ? payload.data : Buffer.from(payload.data ?? []);
  return Buffer.concat([length, header, data]);
}

/** The inverse of `packPayload`; throws on bytes that it did not make. */
export function unpackPayload(bytes: Uint8Array): Payload {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const end = 4 + buffer.readUInt32BE(0);
  if (end > buffer.length) throw new RangeError("The header of a sealed payload is longer than the payload.");
  const header = JSON.parse(buffer.toString("utf8", 4, end)) as { metadata: Record<string, string> };
  const metadata = Object.fromEntries(
    Object.entries(header.metadata).map(([key, value]) => [key, Uint8Array.from(Buffer.from(value, "base64"))]),
  );
  return { metadata, data: Uint8Array.from(buffer.subarray(end)) };
}
