import type { ConnectionLike } from "@temporalio/client";
import { defaultPayloadConverter, type PayloadCodec } from "@temporalio/common";
import { describe, expect, it } from "vitest";
import { foreignPayload } from "../codec/foreign.ts";
import { lastAnswer } from "./last-answer.ts";

const asked: unknown[] = [];
const codec = {
  encode: async (payloads: unknown[]) => payloads,
  decode: async (payloads: unknown[]) => payloads,
} as unknown as PayloadCodec;
const answered = (value: unknown) => ({
  workflowExecutionUpdateCompletedEventAttributes: { outcome: { success: { payloads: [defaultPayloadConverter.toPayload(value)] } } },
});
const refused = { workflowExecutionUpdateCompletedEventAttributes: { outcome: { failure: { message: "no" } } } };
const memo = { workflowPropertiesModifiedEventAttributes: { upsertedMemo: { fields: {} } } };
const other = { timerStartedEventAttributes: {} };

/** A history, newest event first, in pages. */
function history(...pages: object[][]): ConnectionLike {
  asked.length = 0;
  return {
    workflowService: {
      getWorkflowExecutionHistoryReverse: async (request: { nextPageToken?: Uint8Array }) => {
        asked.push(request);
        const at = request.nextPageToken?.[0] ?? 0;
        return { history: { events: pages[at] ?? [] }, nextPageToken: at + 1 < pages.length ? Uint8Array.of(at + 1) : new Uint8Array() };
      },
    },
  } as unknown as ConnectionLike;
}
const told = (connection: ConnectionLike) =>
  lastAnswer(connection, "default", codec, "run-1", (answer) => (answer as { told?: string } | null)?.told);

describe("the newest answer of a run", () => {
  it("is read from the end of its history, past events and refusals, and over pages", async () => {
    expect(await told(history([other, answered({ told: "new" }), answered({ told: "old" })]))).toBe("new");
    expect(await told(history([other, refused], [answered({}), answered({ told: "before" })]))).toBe("before");
    expect(asked).toHaveLength(2);
    expect(asked[1]).toMatchObject({ namespace: "default", execution: { workflowId: "run-1" }, nextPageToken: Uint8Array.of(1) });
  });

  it("is none where the memo is newer, where nothing was answered, and where that would be too far back", async () => {
    expect(await told(history([other, memo, answered({ told: "old" })]))).toBeUndefined();
    expect(await told(history([other]))).toBeUndefined();
    expect(await told(history([], [], [], [], [], [answered({ told: "far" })]))).toBeUndefined();
    expect(asked).toHaveLength(5);
  });

  it("is never what nobody with our key has sealed", async () => {
    const forged = { ...foreignPayload("plaintext"), told: "forged" };
    expect(await told(history([answered(forged), answered({ told: "ours" })]))).toBe("ours");
    expect(await told(history([answered(null)]))).toBeUndefined();
  });
});
