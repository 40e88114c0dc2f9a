import { identify } from "@platform-ops/orchestration";
import { describe, expect, test } from "vitest";

import { classifyLock, parseLockInfo, type LockHolderRecord } from "./lock-info.ts";

const DETAIL =
  "Error message: resource temporarily unavailable\nLock Info:\n  ID:        1cc97673-cefd-a21e-8496-5e62fb1e0596\n  Path:      terraform.tfstate\n  Operation: OperationTypeApply\n  Who:       root@vm\n  Version:   1.11.4\n  Created:   2026-11-21 08:54:58.015488881 +0000 UTC\n  Info:      \n\n\nTerraform acquires a state lock";

const lock = { id: "1", who: "me@here", operation: "OperationTypeApply", created: "2026-11-21T08:54:58.015Z" };
const record = (more: Partial<LockHolderRecord> = {}): LockHolderRecord => ({
  pid: 2 ** 22 + 7,
  start: "1",
  step: "apply",
  host: "here",
  user: "me",
  started_at: "2026-11-21T08:54:57.000Z",
  ...more,
});

describe("parseLockInfo", () => {
  test("reads what every backend prints", () => {
    expect(parseLockInfo(DETAIL)).toEqual({
      id: "1cc97673-cefd-a21e-8496-5e62fb1e0596",
      path: "terraform.tfstate",
      operation: "OperationTypeApply",
      who: "root@vm",
      version: "1.11.4",
      created: "2026-11-21T08:54:58.015Z",
    });
  });
  test("of a backend that prints its own request, only the holder's id counts", () => {
    expect(
      parseLockInfo(`Error message: HTTP remote state already locked: ID=other-id\n${DETAIL.slice(DETAIL.indexOf("Lock Info"))}`),
    ).toEqual({ id: "other-id" });
  });
  test("no block, no id, nonsense: nothing", () => {
    expect(parseLockInfo("held")).toBeUndefined();
    expect(parseLockInfo("Lock Info:\n  Path: x\n")).toBeUndefined();
    expect(parseLockInfo(DETAIL.replace(/Created:.*/, "Created:   never"))?.created).toBeUndefined();
  });
});

describe("classifyLock", () => {
  test("ours and gone", async () => {
    expect(await classifyLock(lock, [record()])).toMatchObject({ owner: "ours_dead", holder: { step: "apply" } });
    expect(await classifyLock(lock, [record({ ended_at: "2026-11-21T08:55:00.000Z" })])).toMatchObject({ owner: "ours_dead" });
  });
  test("ours and alive, by pid and start time; a reused pid is not ours", async () => {
    const self = identify(process.pid);
    expect(await classifyLock(lock, [record({ pid: process.pid, start: self?.start_time ?? "" })])).toMatchObject({ owner: "ours_live" });
    expect(await classifyLock(lock, [record({ pid: process.pid, start: "1" })])).toMatchObject({ owner: "ours_dead" });
    expect(await classifyLock(lock, [record(), record({ pid: process.pid, start: self?.start_time ?? "" })])).toMatchObject({
      owner: "ours_live",
    });
  });
  test.each<[string, Partial<LockHolderRecord>]>([
    ["another user", { user: "you" }],
    ["another host", { host: "there" }],
    ["another operation", { step: "plan" }],
    ["began after the lock", { started_at: "2026-11-21T08:56:00.000Z" }],
    ["ended before the lock", { started_at: "2026-11-21T08:00:00.000Z", ended_at: "2026-11-21T08:10:00.000Z" }],
    ["began long before, its end unknown", { started_at: "2026-11-21T08:00:00.000Z" }],
  ])("foreign: %s", async (_why, more) => {
    expect(await classifyLock(lock, [record(more)])).toEqual({ owner: "foreign" });
  });
  test("without holder or time nothing is proven", async () => {
    expect(await classifyLock({ id: "1" }, [record()])).toEqual({ owner: "foreign" });
    expect(await classifyLock(lock, [])).toEqual({ owner: "foreign" });
  });
});
