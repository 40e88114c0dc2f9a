import { asyncLocalStorage, type Context } from "@temporalio/activity";
import { ServiceError } from "@temporalio/client";
import { describe, expect, it } from "vitest";
import { lockActivities } from "./lock-activities.ts";
import { lockId, placeId, type LockTask } from "./lock-contract.ts";

/** What Temporal knows of an execution. */
interface Execution {
  readonly status?: "RUNNING" | "COMPLETED" | "CONTINUED_AS_NEW" | "TERMINATED";
  readonly parent?: { readonly id: string; readonly run?: string };
  readonly first?: string;
  readonly closed?: Date;
}

const LOCK = lockId("ab12");
const OTHER = lockId("cd34");
const STARTED = new Date("2026-01-05T10:00:00Z");
const task = (more: Partial<LockTask> = {}): LockTask => ({ lock: LOCK, since: 5, holds: [], ...more });

/**
 * Temporal as its client shows it: executions by id, or by id and run (`id/run`), and lists of open ids by a part of the query.
 * `asks` is the run that the activity belongs to.
 */
function world(executions: Record<string, Execution>, lists: Record<string, string[] | Error> = {}, asks = "me") {
  const ended: string[] = [];
  const find = (id: string, run?: string): Execution | undefined =>
    (run === undefined ? undefined : executions[`${id}/${run}`]) ?? executions[id];
  const client = {
    workflow: {
      getHandle: (id: string, run?: string) => ({
        async describe() {
          const found = find(id, run);
          if (found === undefined) throw Object.assign(new Error("gone"), { name: "WorkflowNotFoundError" });
          const { status = "RUNNING", parent, first = "first", closed } = found;
          return {
            status: { name: status },
            runId: run ?? "run",
            startTime: STARTED,
            closeTime: closed,
            raw: {
              workflowExecutionInfo: {
                firstRunId: first,
                ...(parent === undefined ? {} : { parentExecution: { workflowId: parent.id, runId: parent.run ?? "" } }),
              },
            },
          };
        },
        async terminate() {
          if (executions[id]?.status === "TERMINATED") throw Object.assign(new Error("gone"), { name: "WorkflowNotFoundError" });
          ended.push(`${id}/${run}`);
        },
      }),
      async *list({ query }: { query: string }) {
        const [, ids = []] = Object.entries(lists).find(([part]) => query.includes(part)) ?? [];
        if (ids instanceof Error) throw ids;
        yield* ids.map((workflowId) => ({ workflowId }));
      },
    },
  };
  const context = { client, info: { workflowExecution: { workflowId: asks, runId: "run" } } } as unknown as Context;
  const within = <T>(work: () => Promise<T>): Promise<T> => asyncLocalStorage.run(context, work);
  const { lookAtLock, isOwnerOpen } = lockActivities();
  return { ended, look: (asked: LockTask) => within(() => lookAtLock(asked)), isOwnerOpen: () => within(isOwnerOpen) };
}

describe("a lock that a run holds", () => {
  it("is ours, or is waited for with who holds it since when", async () => {
    expect(await world({ [LOCK]: { parent: { id: "me" } }, me: {} }).look(task())).toEqual({ state: "ours" });
    expect(await world({ [LOCK]: { parent: { id: "bob" } }, bob: {} }).look(task())).toEqual({
      state: "waits",
      by: { run: "bob", since: STARTED.toISOString() },
    });
  });

  it("stays its holder's where that was carried on, and is taken from one that only bears its name", async () => {
    const held = { [LOCK]: { parent: { id: "bob", run: "r1" } } };
    const carried = { ...held, "bob/r1": { status: "CONTINUED_AS_NEW", first: "f" }, bob: { first: "f" } } as const;
    expect(await world(carried).look(task())).toMatchObject({ state: "waits", by: { run: "bob" } });
    const another = world({ ...carried, bob: { first: "g" } });
    expect(await another.look(task())).toEqual({ state: "free" });
    expect(another.ended).toEqual([`${LOCK}/run`]);
  });

  it("whose run is over, or is nobody's, is ended, and nothing goes wrong where that was done meanwhile", async () => {
    const over = world({ [LOCK]: { parent: { id: "bob" } }, bob: { status: "COMPLETED" } });
    expect(await over.look(task())).toEqual({ state: "free" });
    expect(over.ended).toEqual([`${LOCK}/run`]);
    const orphan = world({ [LOCK]: {} });
    expect(await orphan.look(task())).toEqual({ state: "free" });
    expect(orphan.ended).toHaveLength(1);
  });

  it("is not told again to one that knows its holder; the attempt fails without a word and is made again", async () => {
    const { look } = world({ [LOCK]: { parent: { id: "bob" } }, bob: {} });
    const by = { run: "bob", since: "whenever" };
    await expect(look(task({ known: { by } }))).rejects.toMatchObject({ type: "lock_held", nonRetryable: false, category: "BENIGN" });
    expect(await look(task({ known: { by: { ...by, run: "eve" } } }))).toMatchObject({ state: "waits" });
    expect(await look(task({ known: {} }))).toMatchObject({ state: "waits", by: { run: "bob" } });
  });
});

describe("a lock that is free", () => {
  const before = placeId(LOCK, 4, "bob");
  const after = placeId(LOCK, 6, "bob");
  const free = (...places: string[]) => world({}, { STARTS_WITH: places }).look(task());

  it("goes to who asked first, whatever the order of the list; at the same time by the run's id", async () => {
    expect(await free()).toEqual({ state: "free" });
    expect(await free(after)).toEqual({ state: "free" });
    expect(await free(after, before)).toEqual({ state: "waits" });
    expect(await free(placeId(LOCK, 5, "adam"))).toEqual({ state: "waits" });
    expect(await free(placeId(LOCK, 5, "me"))).toEqual({ state: "free" });
    expect(await free(placeId(LOCK, 5, "zoe"))).toEqual({ state: "free" });
  });

  it("is not kept for ever for one whose worker is away", async () => {
    const closed = (ago: number) =>
      world({ [LOCK]: { status: "COMPLETED", closed: new Date(Date.now() - ago) } }, { STARTS_WITH: [before] });
    expect(await closed(60_000).look(task())).toEqual({ state: "free" });
    expect(await closed(0).look(task())).toEqual({ state: "waits" });
  });

  it("loses the order, but no lock, where an older Temporal does not know the query; any other failure is tried again", async () => {
    const failing = (code: number) =>
      Object.assign(new ServiceError("no"), { cause: Object.assign(new Error("no"), { code, details: "no" }) });
    expect(await world({}, { STARTS_WITH: failing(3) }).look(task())).toEqual({ state: "free" });
    const away = world({}, { STARTS_WITH: failing(14) }).look(task());
    await expect(away).rejects.toMatchObject({ name: "ApplicationFailure", nonRetryable: false });
  });
});

describe("runs that wait for each other", () => {
  const waitsFor = (run: string, since: number, lock: string): Record<string, string[]> => ({
    [`= '${run}'`]: [placeId(lock, since, run), "its-child"],
  });
  const held = { [LOCK]: { parent: { id: "bob" } }, bob: {}, [OTHER]: { parent: { id: "me" } }, me: {} };

  it("the one that asked last gives up, also over others; the one before it waits", async () => {
    expect(await world(held, waitsFor("bob", 4, OTHER)).look(task({ holds: [OTHER] }))).toEqual({ state: "deadlock" });
    expect(await world(held, waitsFor("bob", 6, OTHER)).look(task({ holds: [OTHER] }))).toMatchObject({ state: "waits" });
    const third = lockId("ef56");
    const ring = { ...held, [third]: { parent: { id: "eve" } }, eve: {} };
    const lists = { ...waitsFor("bob", 3, third), ...waitsFor("eve", 4, OTHER) };
    expect(await world(ring, lists).look(task({ holds: [OTHER] }))).toEqual({ state: "deadlock" });
  });

  it("at the same time the later id gives up, so that one of two does", async () => {
    const lists = waitsFor("bob", 5, OTHER);
    expect(await world(held, lists, "me").look(task({ holds: [OTHER] }))).toEqual({ state: "deadlock" });
    const mine = { ...held, [OTHER]: { parent: { id: "adam" } }, adam: {} };
    expect(await world(mine, lists, "adam").look(task({ holds: [OTHER] }))).toMatchObject({ state: "waits" });
  });

  it("one that holds nothing is no part of a ring; a ring of others ends the search; a name cannot leave its query", async () => {
    expect(await world(held, waitsFor("bob", 4, OTHER)).look(task())).toMatchObject({ state: "waits" });
    const others = { ...held, [OTHER]: { parent: { id: "bob" } } };
    expect(await world(others, waitsFor("bob", 4, OTHER)).look(task({ holds: [OTHER] }))).toMatchObject({ state: "waits" });
    const hostile = "x' OR '1'='1";
    const named = { [LOCK]: { parent: { id: hostile } }, [hostile]: {}, [OTHER]: { parent: { id: "me" } }, me: {} };
    const quoted = world(named, { "= 'x\\' OR \\'1\\'=\\'1' AND": [placeId(OTHER, 4, hostile)] });
    expect(await quoted.look(task({ holds: [OTHER] }))).toEqual({ state: "deadlock" });
  });
});

describe("the run that began a lock", () => {
  const own = { parent: { id: "bob", run: "r1" } };
  it("is open as long as it, or what carries it on, is", async () => {
    const isOpen = (executions: Record<string, Execution>) => world({ me: own, ...executions }).isOwnerOpen();
    expect(await isOpen({ "bob/r1": {} })).toBe(true);
    expect(await isOpen({ "bob/r1": { status: "COMPLETED" } })).toBe(false);
    expect(await isOpen({})).toBe(false);
    expect(await isOpen({ "bob/r1": { status: "CONTINUED_AS_NEW", first: "f" }, bob: { first: "f" } })).toBe(true);
    expect(await isOpen({ "bob/r1": { status: "CONTINUED_AS_NEW", first: "f" }, bob: { first: "f", status: "COMPLETED" } })).toBe(false);
    expect(await world({ me: {} }).isOwnerOpen()).toBe(false);
    expect(await world({}).isOwnerOpen()).toBe(false);
  });
});
